/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/json-output.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/json.h"

/* json-c has escaped C0; DEL and the two bytes of a C1 control character, which terminals know, too, are left. */
static const char *print_character(const char *at)
{
	const unsigned char *bytes = (const unsigned char *)at;
	bool c1 = bytes[0] == 0xc2 && bytes[1] >= 0x80 && bytes[1] <= 0x9f;
	if (!c1 && bytes[0] != 0x7f) {
		putchar(*at);
		return at + 1;
	}
	printf("\\u%04x", c1 ? bytes[1] : bytes[0]);
	return at + (c1 ? 2 : 1);
}

/* The closing bracket if nothing but white space stands between it and the opening one at @at, or NULL. */
static const char *end_of_empty(const char *at)
{
	const char *next = at + 1 + strspn(at + 1, "\n\t ");
	return (*at == '[' && *next == ']') || (*at == '{' && *next == '}') ? next : NULL;
}

/* json-c indents with tabs (in strings it has escaped them) and breaks empty containers into two lines. */
static void print_layout(const char *text)
{
	bool in_string = false;
	while (*text) {
		const char *end = in_string ? NULL : end_of_empty(text);
		if (end) {
			printf("%c%c", *text, *end);
			text = end + 1;
		} else if (*text == '\t') {
			fputs("    ", stdout);
			text++;
		} else if (in_string && *text == '\\') {
			putchar(*text++);
			text = print_character(text);
		} else {
			in_string ^= *text == '"';
			text = print_character(text);
		}
	}
	putchar('\n');
}

void json_print_line(struct json_object *object)
{
	for (const char *text = json_text(object); *text;)
		text = print_character(text);
	putchar('\n');
}

void json_print_pretty(struct json_object *object)
{
	enum {
		FLAGS = JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_PRETTY_TAB |
			JSON_C_TO_STRING_NOSLASHESCAPE
	};
	print_layout(json_object_to_json_string_ext(object, FLAGS));
}
