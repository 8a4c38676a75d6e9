/* SPDX-License-Identifier: Apache-2.0 */
#include "base/toml.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"

/* How a table or array came to be, which says what may still be done to it; kept as its object's user data. */
enum origin {
	ORIGIN_PATH,   /* named by a longer header only: its own header may follow */
	ORIGIN_HEADER, /* [x], or an element of [[x]] */
	ORIGIN_DOTTED, /* a.b = ... made a: further dotted keys may */
	ORIGIN_TABLES, /* the array of [[x]] */
	ORIGIN_VALUE,  /* written as a value: closed */
};

struct parser {
	const char *name;
	enum error_code code;
	const char *text, *at, *end;
	struct json_object *table; /* of the last header */
	int depth;
	struct error *err;
};

static enum origin origin_of(struct json_object *object)
{
	const enum origin *origin = json_object_get_userdata(object);
	return origin ? *origin : ORIGIN_VALUE;
}

static struct json_object *with_origin(struct json_object *object, enum origin origin)
{
	static enum origin origins[] = { ORIGIN_PATH, ORIGIN_HEADER, ORIGIN_DOTTED, ORIGIN_TABLES, ORIGIN_VALUE };
	json_object_set_userdata(object, &origins[origin], NULL);
	return object;
}

static int complain(struct parser *parser, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int complain(struct parser *parser, const char *fmt, ...)
{
	_cleanup_str_ struct str text = { 0 };
	size_t line = 1, column = 1;
	for (const char *c = parser->text; c < parser->at; c++) {
		column = *c == '\n' ? 1 : column + 1;
		line += *c == '\n';
	}
	va_list args;
	va_start(args, fmt);
	str_vappendf(&text, fmt, args);
	va_end(args);
	return err_set(parser->err, parser->code, "%s:%zu:%zu: %s", parser->name, line, column, str_text(&text));
}

/* --- characters --- */

static bool at_end(const struct parser *parser)
{
	return parser->at >= parser->end;
}

/* 0 behind the end; a NUL in the text is refused before. */
static char peek(const struct parser *parser)
{
	return at_end(parser) ? '\0' : *parser->at;
}

static bool take(struct parser *parser, char c)
{
	if (peek(parser) != c || at_end(parser))
		return false;
	parser->at++;
	return true;
}

static void skip_blanks(struct parser *parser)
{
	while (peek(parser) == ' ' || peek(parser) == '\t')
		parser->at++;
}

static bool take_newline(struct parser *parser)
{
	if (peek(parser) == '\r' && parser->end - parser->at > 1 && parser->at[1] == '\n')
		parser->at++;
	return take(parser, '\n');
}

static bool is_control(char c)
{
	return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f;
}

static int skip_comment(struct parser *parser)
{
	skip_blanks(parser);
	if (!take(parser, '#'))
		return 0;
	while (!at_end(parser) && *parser->at != '\n' && *parser->at != '\r') {
		if (is_control(*parser->at))
			return complain(parser, "a control character in a comment");
		parser->at++;
	}
	return 0;
}

/* What may stand between the elements of an array: blanks, comments and newlines. */
static int skip_space(struct parser *parser)
{
	int r;
	do
		r = skip_comment(parser);
	while (r >= 0 && take_newline(parser));
	return r;
}

static int end_line(struct parser *parser)
{
	int r = skip_comment(parser);
	if (r < 0 || at_end(parser) || take_newline(parser))
		return r;
	return complain(parser, "expected the end of the line");
}

/* --- strings --- */

static int take_unicode(struct parser *parser, int digits, struct str *out)
{
	uint32_t character = 0;
	for (int i = 0; i < digits; i++) {
		char c = peek(parser);
		if (!isxdigit((unsigned char)c))
			return complain(parser, "expected %d hexadecimal digits", digits);
		character = character * 16 + (uint32_t)(isdigit((unsigned char)c) ? c - '0' : (c | 32) - 'a' + 10);
		parser->at++;
	}
	if (character == 0 || character > 0x10ffff || (character >= 0xd800 && character <= 0xdfff))
		return complain(parser, "no such character");
	str_append_utf8(out, character);
	return 0;
}

static int take_escape(struct parser *parser, struct str *out)
{
	static const char letters[] = "btnfr\"\\", meanings[] = "\b\t\n\f\r\"\\";
	char c = peek(parser);
	const char *found = c ? strchr(letters, c) : NULL;
	if (c != 'u' && c != 'U' && !found)
		return complain(parser, "unknown escape in a string");
	parser->at++;
	if (!found)
		return take_unicode(parser, c == 'u' ? 4 : 8, out);
	str_append_char(out, meanings[found - letters]);
	return 0;
}

/* Behind its opening quote. */
static int take_string(struct parser *parser, char quote, struct str *out)
{
	if (parser->end - parser->at > 1 && parser->at[0] == quote && parser->at[1] == quote)
		return complain(parser, "strings over several lines are not supported");
	while (!at_end(parser) && *parser->at != quote) {
		char c = *parser->at;
		if (is_control(c))
			return complain(parser, "a control character in a string");
		parser->at++;
		int r = c == '\\' && quote == '"' ? take_escape(parser, out) : (str_append_char(out, c), 0);
		if (r < 0)
			return r;
	}
	return take(parser, quote) ? 0 : complain(parser, "a string without an end");
}

/* --- keys --- */

static int take_simple_key(struct parser *parser, struct str *out)
{
	char quote = peek(parser);
	if (quote == '"' || quote == '\'') {
		parser->at++;
		return take_string(parser, quote, out);
	}
	while (isalnum((unsigned char)peek(parser)) || peek(parser) == '_' || peek(parser) == '-')
		str_append_char(out, *parser->at++);
	return out->len > 0 ? 0 : complain(parser, "expected a key");
}

/* "a.b.c" as a vector. */
static int take_key(struct parser *parser, char ***ret)
{
	size_t parts = 0;
	do {
		_cleanup_str_ struct str part = { 0 };
		skip_blanks(parser);
		int r = take_simple_key(parser, &part);
		if (r < 0)
			return r;
		if (++parts > TOML_DEPTH_MAX)
			return complain(parser, "a key of too many parts");
		strv_take(ret, str_take(&part));
		skip_blanks(parser);
	} while (take(parser, '.'));
	return 0;
}

/* --- values --- */

static int take_value(struct parser *parser, struct json_object **ret);
static int take_pair(struct parser *parser, struct json_object *table);

static int take_array(struct parser *parser, struct json_object **ret)
{
	_cleanup_json_ struct json_object *array = with_origin(json_object_new_array(), ORIGIN_VALUE);
	for (;;) {
		struct json_object *value = NULL;
		int r = skip_space(parser);
		if (r < 0 || take(parser, ']'))
			return r < 0 ? r : (*ret = TAKE_PTR(array), 0);
		r = take_value(parser, &value);
		if (r < 0)
			return r;
		json_object_array_add(array, value);
		r = skip_space(parser);
		if (r < 0)
			return r;
		if (!take(parser, ',') && peek(parser) != ']')
			return complain(parser, "expected \",\" or \"]\"");
	}
}

static int take_inline_table(struct parser *parser, struct json_object **ret)
{
	_cleanup_json_ struct json_object *table = with_origin(json_object_new_object(), ORIGIN_VALUE);
	skip_blanks(parser);
	bool closed = take(parser, '}');
	while (!closed) {
		int r = take_pair(parser, table);
		if (r < 0)
			return r;
		skip_blanks(parser);
		closed = take(parser, '}');
		if (!closed && !take(parser, ','))
			return complain(parser, "expected \",\" or \"}\"");
	}
	*ret = TAKE_PTR(table);
	return 0;
}

/* true, false, or an integer. */
static int take_word(struct parser *parser, struct json_object **ret)
{
	const char *start = parser->at;
	size_t len = 0;
	while (isalnum((unsigned char)peek(parser)) || (!at_end(parser) && strchr("+-_.:", *parser->at)))
		len++, parser->at++;
	_cleanup_free_ char *word = mem_strndup(start, len);
	int64_t number;
	parser->at = start;
	if (streq(word, "true") || streq(word, "false"))
		*ret = json_object_new_boolean(*word == 't');
	else if ((word[0] != '0' || len == 1) && parse_i64(word, INT64_MIN, INT64_MAX, &number, NULL) == 0)
		*ret = json_object_new_int64(number);
	else
		return complain(parser, len ? "a value of a kind that is not supported" : "expected a value");
	parser->at = start + len;
	return 0;
}

static int take_nested(struct parser *parser, struct json_object **ret)
{
	bool array = *parser->at == '[';
	if (parser->depth >= TOML_DEPTH_MAX)
		return complain(parser, "nested too deeply");
	parser->at++;
	parser->depth++;
	int r = array ? take_array(parser, ret) : take_inline_table(parser, ret);
	parser->depth--;
	return r;
}

static int take_value(struct parser *parser, struct json_object **ret)
{
	_cleanup_str_ struct str text = { 0 };
	char c = peek(parser);
	if (c == '[' || c == '{')
		return take_nested(parser, ret);
	if (c != '"' && c != '\'')
		return take_word(parser, ret);
	parser->at++;
	int r = take_string(parser, c, &text);
	if (r >= 0)
		*ret = json_object_new_string(str_text(&text));
	return r;
}

/* --- tables --- */

static int twice(struct parser *parser, const char *key)
{
	return complain(parser, "\"%.100s\" is defined twice", key);
}

/* All but the last part of a dotted key lead into tables that dotted keys have made. */
static int descend(struct parser *parser, struct json_object **table, const char *key)
{
	struct json_object *next;
	if (!json_object_object_get_ex(*table, key, &next)) {
		next = with_origin(json_object_new_object(), ORIGIN_DOTTED);
		json_object_object_add(*table, key, next);
	} else if (!json_object_is_type(next, json_type_object) || origin_of(next) != ORIGIN_DOTTED) {
		return twice(parser, key);
	}
	*table = next;
	return 0;
}

static int take_pair(struct parser *parser, struct json_object *table)
{
	_cleanup_strv_ char **key = NULL;
	struct json_object *value = NULL;
	int r = take_key(parser, &key);
	char **part = key;
	for (; r >= 0 && part[1]; part++)
		r = descend(parser, &table, *part);
	if (r < 0)
		return r;
	if (json_object_object_get_ex(table, *part, NULL))
		return twice(parser, *part);
	if (!take(parser, '='))
		return complain(parser, "expected \"=\"");
	skip_blanks(parser);
	r = take_value(parser, &value);
	if (r >= 0)
		json_object_object_add(table, *part, value);
	return r;
}

/* A part of a header on its way to the last one: a table, or the last one of an array of them. */
static int walk(struct parser *parser, struct json_object **table, const char *key)
{
	struct json_object *next;
	if (!json_object_object_get_ex(*table, key, &next)) {
		next = with_origin(json_object_new_object(), ORIGIN_PATH);
		json_object_object_add(*table, key, next);
	}
	if (next && origin_of(next) == ORIGIN_TABLES)
		next = json_object_array_get_idx(next, json_object_array_length(next) - 1);
	if (!json_object_is_type(next, json_type_object) || origin_of(next) == ORIGIN_VALUE)
		return twice(parser, key);
	*table = next;
	return 0;
}

static int open_table(struct parser *parser, struct json_object *parent, const char *key)
{
	struct json_object *table;
	if (!json_object_object_get_ex(parent, key, &table)) {
		table = json_object_new_object();
		json_object_object_add(parent, key, table);
	} else if (!json_object_is_type(table, json_type_object) || origin_of(table) != ORIGIN_PATH) {
		return twice(parser, key);
	}
	parser->table = with_origin(table, ORIGIN_HEADER);
	return 0;
}

static int open_element(struct parser *parser, struct json_object *parent, const char *key)
{
	struct json_object *array;
	if (!json_object_object_get_ex(parent, key, &array)) {
		array = with_origin(json_object_new_array(), ORIGIN_TABLES);
		json_object_object_add(parent, key, array);
	} else if (!array || origin_of(array) != ORIGIN_TABLES) {
		return twice(parser, key);
	}
	parser->table = with_origin(json_object_new_object(), ORIGIN_HEADER);
	json_object_array_add(array, parser->table);
	return 0;
}

/* [a.b] or [[a.b]], behind the first bracket. */
static int take_header(struct parser *parser, struct json_object *root)
{
	_cleanup_strv_ char **key = NULL;
	struct json_object *table = root;
	bool element = take(parser, '[');
	int r = take_key(parser, &key);
	if (r >= 0 && (!take(parser, ']') || (element && !take(parser, ']'))))
		r = complain(parser, "expected \"]\"");
	char **part = key;
	for (; r >= 0 && part[1]; part++)
		r = walk(parser, &table, *part);
	if (r < 0)
		return r;
	return element ? open_element(parser, table, *part) : open_table(parser, table, *part);
}

static int parse_lines(struct parser *parser, struct json_object *root)
{
	int r = 0;
	while (r >= 0 && (r = skip_space(parser)) >= 0 && !at_end(parser)) {
		r = take(parser, '[') ? take_header(parser, root) : take_pair(parser, parser->table);
		if (r >= 0)
			r = end_line(parser);
	}
	return r;
}

int toml_parse(const char *text, size_t len, const char *name, enum error_code code, struct json_document *ret,
	       struct error *err)
{
	_cleanup_json_ struct json_object *root = with_origin(json_object_new_object(), ORIGIN_HEADER);
	struct parser parser = {
		.name = name, .code = code, .text = text, .at = text, .end = text + len, .table = root, .err = err
	};
	if (!str_is_utf8(text, len) || memchr(text, '\0', len))
		return err_set(err, code, "%s: this is not text in UTF-8", name);
	int r = parse_lines(&parser, root);
	if (r >= 0)
		json_document_wrap(TAKE_PTR(root), name, code, ret);
	return r < 0 ? r : 0;
}

int toml_load(int dir, const char *path, size_t max, enum error_code code, struct json_document *ret, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = file_read(dir, path, max, &text, &len, err);
	return r < 0 ? r : toml_parse(text, len, path, code, ret, err);
}
