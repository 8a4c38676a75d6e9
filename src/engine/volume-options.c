/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume-options.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/volume.h"

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

int volume_name_check(const char *name, struct error *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t len = strlen(name);
	if (len == 1)
		return err_set(err, ERR_INVALID,
			       "volume name is too short, names should be at least two alphanumeric "
			       "characters");
	if (len > NAME_MAX)
		return err_set(err, ERR_INVALID, "volume name is too long: %zu characters, at most %d", len, NAME_MAX);
	if (len > 0 && isalnum((unsigned char)*name) && strspn(name, letters) == len)
		return 0;
	err_set(err, ERR_INVALID,
		"\"%s\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed",
		name);
	return err_hint(err, "a directory of the host is meant by an absolute path");
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

static bool has_options(const struct volume *volume, char *const *options)
{
	bool same = strv_count(volume->options) == strv_count(options);
	for (; same && options && *options; options++)
		same = strv_contains(volume->options, *options);
	return same;
}

int volume_options_agree(const struct volume *volume, char *const *options, struct error *err)
{
	if (strv_count(options) == 0 || has_options(volume, options))
		return 0;
	err_set(err, ERR_EXISTS, "a volume with the name %s is there already, with other options", volume->name);
	_cleanup_free_ char *text = strv_join(volume->options, " ");
	return err_cause(err, "its options are: %s", *text ? text : "none");
}
