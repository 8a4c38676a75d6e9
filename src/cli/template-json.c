/* SPDX-License-Identifier: Apache-2.0 */
/* Values as Go's encoding/json writes them, without its escapes for HTML. What could drive a terminal is escaped, too. */
#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "cli/template-value.h"

static bool needs_escape(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0x2028 ||
	       character == 0x2029;
}

static void append_escaped(struct str *out, uint32_t character)
{
	static const char letters[] = "bfnrt\"\\", values[] = "\b\f\n\r\t\"\\";
	const char *found = character < 0x80 && character ? strchr(values, (int)character) : NULL;
	if (found)
		str_appendf(out, "\\%c", letters[found - values]);
	else if (needs_escape(character))
		str_appendf(out, "\\u%04x", character);
	else
		str_append_utf8(out, character);
}

/* Bytes that are no UTF-8 become U+FFFD. */
static void append_text(struct str *out, const char *text, size_t len)
{
	str_append_char(out, '"');
	while (len > 0) {
		uint32_t character;
		size_t n = str_utf8_decode(text, len, &character);
		if (n == 0)
			str_append(out, "\\ufffd");
		else
			append_escaped(out, character);
		text += n ? n : 1;
		len -= n ? n : 1;
	}
	str_append_char(out, '"');
}

static void append_list(const struct template_data *data, const struct template_value *list, struct str *out)
{
	str_append_char(out, '[');
	for (size_t i = 0; i < value_count(list); i++) {
		struct template_value element =
			value_of_json(data, json_object_array_get_idx(list->json, i), list->key);
		str_append(out, i > 0 ? "," : "");
		template_value_json(data, &element, out);
	}
	str_append_char(out, ']');
}

static void append_members(const struct template_data *data, const struct template_value *value, struct str *out)
{
	_cleanup_free_ const char **keys = value_keys(value);
	str_append_char(out, '{');
	for (size_t i = 0; keys[i]; i++) {
		struct template_value member = value_of_key(data, value, keys[i]);
		str_append(out, i > 0 ? "," : "");
		append_text(out, keys[i], strlen(keys[i]));
		str_append_char(out, ':');
		template_value_json(data, &member, out);
	}
	str_append_char(out, '}');
}

/* JSON's exponents have no leading zero. */
static void append_real(struct str *out, double real)
{
	enum { PLAIN_MIN = -6, PLAIN_MAX = 20 };
	_cleanup_str_ struct str text = { 0 };
	value_print_real(real, PLAIN_MIN, PLAIN_MAX, &text);
	char *exponent = strstr(text.data, "e-0");
	if (exponent)
		memmove(exponent + 2, exponent + 3, strlen(exponent + 3) + 1);
	str_append(out, isfinite(real) ? text.data : "null");
}

void template_value_json(const struct template_data *data, const struct template_value *value, struct str *out)
{
	bool is_empty = value->kind >= VALUE_LIST && !value->json;
	switch (is_empty ? VALUE_NIL : value->kind) {
	case VALUE_NONE:
	case VALUE_NIL:
		str_append(out, "null");
		break;
	case VALUE_FLOAT:
		append_real(out, value->real);
		break;
	case VALUE_STRING:
		append_text(out, value->text, value->len);
		break;
	case VALUE_LIST:
		append_list(data, value, out);
		break;
	case VALUE_MAP:
	case VALUE_STRUCT:
		append_members(data, value, out);
		break;
	case VALUE_BOOL:
	case VALUE_INT:
		value_print(data, value, false, out);
		break;
	}
}

void template_json(const struct template_data *data, struct json_object *json, struct str *out)
{
	struct template_value value = value_of_json(data, json, "");
	template_value_json(data, &value, out);
}
