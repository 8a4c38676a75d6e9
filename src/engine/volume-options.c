/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume-options.h"

#include "base/str.h"
#include "base/util.h"

static const char *const KEYS[] = { "device", "o", "size", "type", NULL };

/* None of them means anything without the others. */
static const char *const NEEDED[] = { "type", "device" };

const char *volume_option(char *const *options, const char *key)
{
	const char *value = NULL;
	for (; options && *options; options++) {
		const char *rest = str_after(*options, key);
		if (rest && *rest == '=')
			value = rest + 1;
	}
	return value;
}

static int check_key(const char *option, struct error *err)
{
	size_t len = strcspn(option, "=");
	for (const char *const *key = KEYS; *key; key++)
		if (strlen(*key) == len && strncmp(*key, option, len) == 0)
			return 0;
	return err_set(err, ERR_INVALID, "invalid option: \"%.*s\"", (int)len, option);
}

int volume_options_check(char *const *options, struct error *err)
{
	int r = 0;
	for (char *const *option = options; r >= 0 && option && *option; option++)
		r = check_key(*option, err);
	if (r < 0)
		return r;
	if (volume_option(options, "size"))
		return err_set(err, ERR_UNSUPPORTED, "quota size requested but no quota support");
	bool mounts = volume_option(options, "type") || volume_option(options, "device") || volume_option(options, "o");
	for (size_t i = 0; mounts && i < ARRAY_SIZE(NEEDED); i++)
		if (str_is_empty(volume_option(options, NEEDED[i])))
			return err_set(err, ERR_INVALID, "missing required option: \"%s\"", NEEDED[i]);
	return 0;
}
