/* SPDX-License-Identifier: Apache-2.0 */
#include "image/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "image/digest.h"

int claims_open(struct store *store, struct error *err)
{
	int fd = openat(store->root, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? err_sys(err, errno, "open the lock of store '%s'", store->path) : fd;
}

/* The first 60 bits of the digest. */
static off_t place_of(const char *digest)
{
	char digits[16] = { 0 };
	memcpy(digits, digest_hex(digest), sizeof digits - 1);
	return (off_t)strtoull(digits, NULL, 16);
}

static int set_lock(int claims, const char *digest, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = place_of(digest), .l_len = 1 };
	return RETRY_ON_EINTR(fcntl(claims, F_OFD_SETLK, &lock)) < 0 ? -errno : 0;
}

int claim_try(int claims, const char *digest, struct error *err)
{
	int r = set_lock(claims, digest, F_WRLCK);
	if (r == -EAGAIN || r == -EACCES)
		return 0;
	return r < 0 ? err_sys(err, -r, "claim blob '%s'", digest) : 1;
}

void claim_drop(int claims, const char *digest)
{
	(void)set_lock(claims, digest, F_UNLCK);
}
