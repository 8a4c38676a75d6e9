/* SPDX-License-Identifier: Apache-2.0 */
#include "image/digest.h"

#include <string.h>

#include "base/str.h"
#include "storage/store.h"

static int check_hex(const char *hex, struct error *err)
{
	static const char digits[] = "0123456789abcdef";
	size_t len = strlen(hex), valid = strspn(hex, digits);
	if (valid < len)
		return err_set(err, ERR_IMG_REF, "digest has '%c' where only 0-9 and a-f may be (character %zu)",
			       hex[valid], DIGEST_TEXT_LENGTH - DIGEST_HEX_LENGTH + valid + 1);
	if (len != DIGEST_HEX_LENGTH)
		return err_set(err, ERR_IMG_REF, "digest needs %d hex digits, has %zu", DIGEST_HEX_LENGTH, len);
	return 0;
}

int digest_check(const char *text, struct error *err)
{
	const char *hex = str_after(text, "sha256:");
	if (hex)
		return check_hex(hex, err);
	size_t len = strcspn(text, ":");
	if (!text[len])
		return err_set(err, ERR_IMG_REF, "digest \"%.64s\" has no algorithm in front (\"sha256:\")", text);
	return err_set(err, ERR_IMG_REF, "digest algorithm \"%.*s\" is not supported, only sha256 is",
		       (int)(len > 32 ? 32 : len), text);
}

bool digest_is_valid(const char *text)
{
	const char *hex = str_after(text, "sha256:");
	return hex && store_is_hex64(hex);
}

const char *digest_hex(const char *digest)
{
	return digest + DIGEST_TEXT_LENGTH - DIGEST_HEX_LENGTH;
}
