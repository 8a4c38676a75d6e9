/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/filter.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"

static char *trimmed(const char *text, size_t len)
{
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	while (len > 0 && isspace((unsigned char)*text)) {
		text++;
		len--;
	}
	return mem_strndup(text, len);
}

/* Keys are in small letters, whatever is typed. */
static char *key_of(const char *text, size_t len)
{
	char *key = trimmed(text, len);
	for (char *at = key; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return key;
}

int filter_parse(const char *text, const char *const *keys, size_t *ret_key, char **ret_value, struct error *err)
{
	const char *equals = strchr(text, '=');
	if (!equals)
		return err_set(err, ERR_USAGE, "invalid filter '%s': it is KEY=VALUE", text);
	_cleanup_free_ char *key = key_of(text, (size_t)(equals - text));
	for (size_t i = 0; keys[i]; i++) {
		if (streq(keys[i], key)) {
			*ret_key = i;
			*ret_value = trimmed(equals + 1, strlen(equals + 1));
			return 0;
		}
	}
	_cleanup_free_ char *known = strv_join((char *const *)keys, ", ");
	return err_set(err, ERR_USAGE, "invalid filter '%s': it is one of %s", key, known);
}

int filter_refuse(const char *key, const char *value, const char *expected, struct error *err)
{
	return err_set(err, ERR_USAGE, "invalid filter '%s=%s': it is %s", key, value, expected);
}

bool filter_has_label(char *const *labels, const char *wanted)
{
	bool with_value = strchr(wanted, '=') != NULL;
	for (; labels && *labels; labels++) {
		const char *rest = str_after(*labels, wanted);
		if (rest && (*rest == '\0' || (!with_value && *rest == '=')))
			return true;
	}
	return false;
}
