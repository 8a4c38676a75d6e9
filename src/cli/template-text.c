/* SPDX-License-Identifier: Apache-2.0 */
/* Functions on texts. Docker's count bytes where Go's count bytes; only letters of ASCII have two cases. */
#include <ctype.h>

#include "base/util.h"
#include "cli/template-function.h"

enum { PADDING_MAX = 1 << 20 };

/* --- Letters --- */

enum letters { LOWER, UPPER, TITLE };

static struct template_value with_letters(const struct template_call *call, enum letters letters)
{
	const struct template_value *value = &call->args[0];
	struct str text = { 0 };
	bool starts = true;
	for (size_t i = 0; i < value->len; i++) {
		unsigned char c = (unsigned char)value->text[i];
		if (letters == LOWER)
			c = (unsigned char)tolower(c);
		else if (letters == UPPER || starts)
			c = (unsigned char)toupper(c);
		str_append_char(&text, (char)c);
		starts = c < 0x80 && !isalnum(c) && c != '_';
	}
	return value_of_text(call->pool, &text);
}

int function_lower(const struct template_call *call, struct template_value *ret, struct error *err)
{
	*ret = with_letters(call, LOWER);
	return 0;
}

int function_upper(const struct template_call *call, struct template_value *ret, struct error *err)
{
	*ret = with_letters(call, UPPER);
	return 0;
}

int function_title(const struct template_call *call, struct template_value *ret, struct error *err)
{
	*ret = with_letters(call, TITLE);
	return 0;
}

/* --- Lengths --- */

int function_truncate(const struct template_call *call, struct template_value *ret, struct error *err)
{
	struct template_value value = call->args[0];
	if (call->args[1].integer < 0)
		return err_set(err, ERR_INVALID, "negative length %" PRId64, call->args[1].integer);
	value.len = MIN(value.len, (size_t)call->args[1].integer);
	*ret = value;
	return 0;
}

int function_pad(const struct template_call *call, struct template_value *ret, struct error *err)
{
	const struct template_value *value = &call->args[0];
	struct str text = { 0 };
	for (size_t i = 1; i <= 2; i++)
		if (call->args[i].integer < 0 || call->args[i].integer > PADDING_MAX)
			return err_set(err, ERR_INVALID, "cannot pad with %" PRId64 " spaces", call->args[i].integer);
	if (value->len > 0)
		str_appendf(&text, "%*s", (int)call->args[1].integer, "");
	str_append_len(&text, value->text, value->len);
	if (value->len > 0)
		str_appendf(&text, "%*s", (int)call->args[2].integer, "");
	*ret = value_of_text(call->pool, &text);
	return 0;
}

/* --- Lists --- */

int function_join(const struct template_call *call, struct template_value *ret, struct error *err)
{
	const struct template_value *list = &call->args[0], *separator = &call->args[1];
	struct str text = { 0 };
	if (value_count(list) * separator->len > TEMPLATE_BYTES_MAX)
		return err_set(err, ERR_INVALID, "it makes more than %d bytes", TEMPLATE_BYTES_MAX);
	for (size_t i = 0; i < value_count(list); i++) {
		struct template_value element = value_of_json(call->data, json_object_array_get_idx(list->json, i), "");
		if (i > 0)
			str_append_len(&text, separator->text, separator->len);
		str_append_len(&text, element.text, element.len);
	}
	*ret = value_of_text(call->pool, &text);
	return 0;
}

static void append_piece(struct json_object *list, const char *text, size_t len)
{
	json_object_array_add(list, json_object_new_string_len(text, (int)len));
}

/* Between characters, where the separator is empty. */
static void split_characters(struct json_object *list, const struct template_value *value)
{
	for (size_t at = 0, len; at < value->len; at += len) {
		len = MAX(str_utf8_length(value->text + at, value->len - at), (size_t)1);
		append_piece(list, value->text + at, len);
	}
}

int function_split(const struct template_call *call, struct template_value *ret, struct error *err)
{
	const struct template_value *value = &call->args[0], *separator = &call->args[1];
	struct json_object *list = json_object_new_array();
	const char *at = value->text, *end = at + value->len, *found;
	if (separator->len == 0) {
		split_characters(list, value);
	} else {
		while ((found = memmem(at, (size_t)(end - at), separator->text, separator->len))) {
			append_piece(list, at, (size_t)(found - at));
			at = found + separator->len;
		}
		append_piece(list, at, (size_t)(end - at));
	}
	*ret = value_of_list(call->pool, list);
	return 0;
}

/* --- Escapes --- */

static const char *html_escape(unsigned char c, char buf[static 8])
{
	switch (c) {
	case '\0':
		return "\xef\xbf\xbd";
	case '"':
		return "&#34;";
	case '\'':
		return "&#39;";
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	default:
		return NULL;
	}
}

static const char *js_escape(unsigned char c, char buf[static 8])
{
	bool is_quoted = c && strchr("\\'\"", c), is_number = c < 0x20 || strchr("<>&=", c);
	if (is_quoted)
		snprintf(buf, 8, "\\%c", c);
	else if (is_number)
		snprintf(buf, 8, "\\u%04X", c);
	return is_quoted || is_number ? buf : NULL;
}

static const char *url_escape(unsigned char c, char buf[static 8])
{
	if (isalnum(c) || (c && strchr("-_.~", c)))
		return NULL;
	if (c == ' ')
		return "+";
	snprintf(buf, 8, "%%%02X", c);
	return buf;
}

static struct template_value escape(const struct template_call *call,
				    const char *(*replacement)(unsigned char c, char buf[static 8]))
{
	struct str plain = { 0 }, text = { 0 };
	template_sprint(call, &plain);
	for (size_t i = 0; i < plain.len; i++) {
		char buf[8];
		const char *instead = replacement((unsigned char)plain.data[i], buf);
		if (instead)
			str_append(&text, instead);
		else
			str_append_char(&text, plain.data[i]);
	}
	str_done(&plain);
	return value_of_text(call->pool, &text);
}

int function_html(const struct template_call *call, struct template_value *ret, struct error *err)
{
	*ret = escape(call, html_escape);
	return 0;
}

int function_js(const struct template_call *call, struct template_value *ret, struct error *err)
{
	*ret = escape(call, js_escape);
	return 0;
}

int function_urlquery(const struct template_call *call, struct template_value *ret, struct error *err)
{
	*ret = escape(call, url_escape);
	return 0;
}
