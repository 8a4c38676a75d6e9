/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json-position.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

struct json_position json_position_of_offset(const char *text, size_t offset)
{
	struct json_position at = { 1, 1 };
	for (size_t i = 0; i < offset && text[i]; i++) {
		at.column++;
		if (text[i] == '\n')
			at = (struct json_position){ at.line + 1, 1 };
	}
	return at;
}

static const char *skip_space(const char *at)
{
	while (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n')
		at++;
	return at;
}

/* Behind the string that begins at @at. */
static const char *skip_string(const char *at)
{
	for (at++; *at && *at != '"'; at++)
		if (*at == '\\' && at[1])
			at++;
	return *at ? at + 1 : at;
}

/* Behind the value that begins at @at; brackets are balanced, for the text has been parsed before. */
static const char *skip_value(const char *at)
{
	size_t depth = 0;
	do {
		if (*at == '"') {
			at = skip_string(at);
			continue;
		}
		if (*at == '{' || *at == '[')
			depth++;
		else if (*at == '}' || *at == ']')
			depth--;
		at++;
	} while (*at && (depth > 0 || !strchr(",}] \t\r\n", *at)));
	return at;
}

static char *unescape_token(const char *token, size_t len)
{
	struct str out = { 0 };
	for (size_t i = 0; i < len; i++) {
		bool escaped = token[i] == '~' && i + 1 < len;
		str_append_char(&out, escaped ? (token[i + 1] == '1' ? '/' : '~') : token[i]);
		i += escaped;
	}
	return str_take(&out);
}

/* Whether the key that stands from @at to @end, quotes included, is @token. */
static bool key_is(const char *at, const char *end, const char *token)
{
	size_t len = (size_t)(end - at);
	if (!memchr(at, '\\', len))
		return strlen(token) == len - 2 && memcmp(token, at + 1, len - 2) == 0;
	_cleanup_free_ char *quoted = mem_strndup(at, len);
	_cleanup_json_ struct json_object *key = json_tokener_parse(quoted);
	return key && streq(json_object_get_string(key), token);
}

/* From the start of an object or array to the start of its member @token, or NULL. Of two with one key the last counts. */
static const char *enter(const char *at, const char *token)
{
	const char *found = NULL;
	bool object = *at == '{';
	if (!object && *at != '[')
		return NULL;
	at = skip_space(at + 1);
	for (size_t index = 0; *at && *at != '}' && *at != ']'; index++) {
		char number[24];
		snprintf(number, sizeof number, "%zu", index);
		bool here = !object && streq(number, token);
		if (object) {
			const char *end = skip_string(at);
			here = key_is(at, end, token);
			at = skip_space(skip_space(end) + 1); /* behind the colon */
		}
		if (here)
			found = at;
		if (here && !object)
			break;
		at = skip_space(skip_value(at));
		if (*at == ',')
			at = skip_space(at + 1);
	}
	return found;
}

const char *json_find(const char *text, const char *pointer)
{
	const char *at = skip_space(text);
	while (at && *pointer == '/') {
		const char *end = strchrnul(pointer + 1, '/');
		_cleanup_free_ char *token = unescape_token(pointer + 1, (size_t)(end - pointer - 1));
		at = enter(at, token);
		pointer = end;
	}
	return at;
}

bool json_position_of_pointer(const char *text, const char *pointer, struct json_position *ret)
{
	const char *at = json_find(text, pointer);
	if (!at)
		return false;
	*ret = json_position_of_offset(text, (size_t)(at - text));
	return true;
}
