/* SPDX-License-Identifier: Apache-2.0 */
#include "image/layer-form.h"

#include <stdbool.h>

#include "base/str.h"
#include "base/util.h"

static const struct {
	const char *magic;
	size_t len;
	const char *name;
	enum layer_compression compression;
	bool known;
} FORMS[] = {
	{ "\x1f\x8b", 2, "gzip", LAYER_GZIP, true },
	{ "\x28\xb5\x2f\xfd", 4, "zstd", LAYER_ZSTD, true },
	{ "\xfd\x37zXZ", 5, "xz", LAYER_PLAIN, false },
	{ "BZh", 3, "bzip2", LAYER_PLAIN, false },
};

int layer_form_detect(const char *data, size_t len, const char *command, enum layer_compression *ret, struct error *err)
{
	*ret = LAYER_PLAIN;
	for (size_t i = 0; i < ARRAY_SIZE(FORMS); i++) {
		if (len < FORMS[i].len || memcmp(data, FORMS[i].magic, FORMS[i].len) != 0)
			continue;
		if (!FORMS[i].known) {
			(void)err_set(err, ERR_IMG_LAYER, "the archive is compressed with %s, which is not supported",
				      FORMS[i].name);
			return err_hint(err, "%s -dc FILE | %s", FORMS[i].name, command);
		}
		*ret = FORMS[i].compression;
		return 0;
	}
	return 0;
}

const char *layer_form_media_type(enum layer_compression compression)
{
	static const char *const types[] = {
		[LAYER_PLAIN] = MEDIA_OCI_LAYER, [LAYER_GZIP] = MEDIA_OCI_LAYER_GZIP, [LAYER_ZSTD] = MEDIA_OCI_LAYER_ZSTD
	};
	return types[compression];
}
