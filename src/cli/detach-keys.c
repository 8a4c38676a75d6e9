/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/detach-keys.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

/* The byte that the terminal sends for "a" or "ctrl-a", or -1. */
static int key_byte(const char *name)
{
	const char *control = str_after(name, "ctrl-");
	if (!control)
		return strlen(name) == 1 ? (unsigned char)*name : -1;
	if (strlen(control) != 1)
		return -1;
	if (*control >= 'a' && *control <= 'z')
		return *control - 'a' + 1;
	return *control == '@' || (*control >= '[' && *control <= '_') ? *control & 0x1f : -1;
}

int detach_keys_parse(const char *text, void *ret, struct error *err)
{
	_cleanup_strv_ char **names = strv_split(text, ',');
	struct detach_keys keys = { 0 };
	for (char **name = names; *name; name++) {
		int byte = key_byte(*name);
		if (byte < 0)
			return err_set(err, ERR_USAGE, "unknown key \"%s\": keys are letters and ctrl-a to ctrl-z",
				       *name);
		if (keys.count == DETACH_KEYS_MAX)
			return err_set(err, ERR_USAGE, "more than %d keys", DETACH_KEYS_MAX);
		keys.keys[keys.count++] = (char)byte;
	}
	*(struct detach_keys *)ret = keys;
	return 0;
}

/*
 * The sequence does not go on with the next byte: give out, oldest first, what cannot be the start of it any more.
 * Returns how many bytes that were.
 */
static size_t release(struct detach_keys *keys, char *out)
{
	size_t n = 0;
	do {
		out[n] = keys->keys[n];
		n++;
		keys->seen--;
	} while (keys->seen > 0 && memcmp(keys->keys + n, keys->keys, keys->seen) != 0);
	return n;
}

size_t detach_keys_filter(struct detach_keys *keys, const char *in, size_t len, char *out, bool *ret_complete)
{
	size_t used = 0;
	for (size_t i = 0; i < len; i++) {
		while (keys->seen > 0 && in[i] != keys->keys[keys->seen])
			used += release(keys, out + used);
		if (keys->count == 0 || in[i] != keys->keys[keys->seen]) {
			out[used++] = in[i];
			continue;
		}
		if (++keys->seen == keys->count) {
			*ret_complete = true;
			return used;
		}
	}
	*ret_complete = false;
	return used;
}
