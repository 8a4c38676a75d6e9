/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json-position.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
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
	return at + strspn(at, " \t\r\n");
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

/* From the start of a container to the start of its member @token, or NULL. */
static const char *enter(const char *at, const char *token)
{
	bool object = *at == '{';
	if (!object && *at != '[')
		return NULL;
	at = skip_space(at + 1);
	for (size_t index = 0; *at && *at != '}' && *at != ']'; index++) {
		char number[24];
		const char *name = number;
		size_t name_len = (size_t)snprintf(number, sizeof number, "%zu", index);
		if (object) {
			const char *end = skip_string(at);
			name = at + 1;
			name_len = (size_t)(end - at) - 2;
			at = skip_space(skip_space(end) + 1); /* behind the colon */
		}
		if (strlen(token) == name_len && memcmp(token, name, name_len) == 0)
			return at;
		at = skip_space(skip_value(at));
		if (*at == ',')
			at = skip_space(at + 1);
	}
	return NULL;
}

bool json_position_of_pointer(const char *text, const char *pointer, struct json_position *ret)
{
	const char *at = skip_space(text);
	while (*pointer == '/') {
		const char *end = strchrnul(pointer + 1, '/');
		_cleanup_free_ char *token = unescape_token(pointer + 1, (size_t)(end - pointer - 1));
		at = enter(at, token);
		if (!at)
			return false;
		pointer = end;
	}
	*ret = json_position_of_offset(text, (size_t)(at - text));
	return true;
}
