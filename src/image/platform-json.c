/* SPDX-License-Identifier: Apache-2.0 */
#include "image/platform-json.h"

#include <ctype.h>

#include "base/str.h"

/* These words are compared and shown, never used as names of files; still they have a shape. */
static int copy_word(const struct json_node *object, const char *key, char *buf, size_t size, struct error *err)
{
	const char *word = "";
	int r = json_get_string(object, key, &word, err);
	if (r < 0)
		return r;
	if (strlen(word) >= size)
		return json_error(object, err, "\"%s\" is longer than %zu characters", key, size - 1);
	for (const char *c = word; *c; c++)
		if (!isalnum((unsigned char)*c) && (c == word || !strchr("_.-", *c)))
			return json_error(object, err, "\"%s\" holds a character that no platform has", key);
	str_copy(buf, size, word);
	return 0;
}

int platform_from_json(const struct json_node *object, struct platform *ret, struct error *err)
{
	struct platform platform = { 0 };
	int r = copy_word(object, "os", platform.os, sizeof platform.os, err);
	if (r == 0)
		r = copy_word(object, "architecture", platform.architecture, sizeof platform.architecture, err);
	if (r == 0)
		r = copy_word(object, "variant", platform.variant, sizeof platform.variant, err);
	if (r == 0)
		*ret = platform;
	return r;
}
