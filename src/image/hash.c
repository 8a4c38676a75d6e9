/* SPDX-License-Identifier: Apache-2.0 */
#include "image/hash.h"

/* OpenSSL has a type of the same name as one of our error codes. */
#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/evp.h>
#undef ERR_STATE
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/transfer.h"

struct hash {
	EVP_MD *algorithm;
	EVP_MD_CTX *context;
	bool failed;
};

static void begin(struct hash *hash)
{
	hash->failed = EVP_DigestInit_ex2(hash->context, hash->algorithm, NULL) != 1;
}

int hash_new(struct hash **ret, struct error *err)
{
	_cleanup_hash_ struct hash *hash = NEW(struct hash);
	hash->algorithm = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	hash->context = EVP_MD_CTX_new();
	if (!hash->algorithm || !hash->context)
		return err_set(err, ERR_UNSUPPORTED, "OpenSSL gives us no SHA-256");
	begin(hash);
	*ret = TAKE_PTR(hash);
	return 0;
}

void hash_free(struct hash *hash)
{
	if (!hash)
		return;
	EVP_MD_CTX_free(hash->context);
	EVP_MD_free(hash->algorithm);
	free(hash);
}

void hash_update(struct hash *hash, const void *data, size_t len)
{
	if (EVP_DigestUpdate(hash->context, data, len) != 1)
		hash->failed = true;
}

int hash_finish(struct hash *hash, char digest[static DIGEST_TEXT_LENGTH + 1], struct error *err)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[DIGEST_HEX_LENGTH / 2];
	bool failed = EVP_DigestFinal_ex(hash->context, sum, NULL) != 1 || hash->failed;
	begin(hash);
	if (failed)
		return err_set(err, ERR_INTERNAL, "OpenSSL failed to compute a SHA-256");
	size_t at = str_copy(digest, DIGEST_TEXT_LENGTH + 1, "sha256:");
	for (size_t i = 0; i < sizeof sum; i++) {
		digest[at++] = digits[sum[i] >> 4];
		digest[at++] = digits[sum[i] & 0xf];
	}
	digest[at] = '\0';
	return 0;
}

int hash_file(int fd, const struct transfer *transfer, char digest[static DIGEST_TEXT_LENGTH + 1], int *ret_errno,
	      struct error *err)
{
	enum { READ_SIZE = 256 * 1024 };
	_cleanup_free_ char *buf = mem_alloc(READ_SIZE);
	_cleanup_hash_ struct hash *hash = NULL;
	int r = hash_new(&hash, err);
	ssize_t n = 1;
	while (r >= 0 && (n = fd_read_full(fd, buf, READ_SIZE)) > 0) {
		hash_update(hash, buf, (size_t)n);
		r = transfer_wait(transfer, -1, 0, 0, err);
	}
	if (r >= 0)
		r = hash_finish(hash, digest, err);
	*ret_errno = n < 0 ? (int)-n : 0;
	return r < 0 ? r : n == 0;
}
