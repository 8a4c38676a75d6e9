/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/template-verb.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>

#include "base/cleanup.h"
#include "base/util.h"

/* --- Padding --- */

static size_t count_characters(const char *text, size_t len)
{
	size_t count = 0;
	for (size_t i = 0; i < len; i++)
		count += (text[i] & 0xc0) != 0x80;
	return count;
}

static void append_padding(struct str *out, size_t count, char with)
{
	while (count-- > 0)
		str_append_char(out, with);
}

static void pad(struct printer *printer, const struct verb *verb, const char *text, size_t len)
{
	size_t characters = count_characters(text, len);
	size_t padding = verb->width > 0 && (size_t)verb->width > characters ? (size_t)verb->width - characters : 0;
	if (!verb->minus)
		append_padding(printer->out, padding, ' ');
	str_append_len(printer->out, text, len);
	if (verb->minus)
		append_padding(printer->out, padding, ' ');
}

/* Sign and prefix, then zeros up to the width if they are asked for, then the digits. */
static void pad_number(struct printer *printer, const struct verb *verb, const char *prefix, const char *digits)
{
	_cleanup_str_ struct str text = { 0 };
	size_t len = strlen(prefix) + strlen(digits);
	str_append(&text, prefix);
	if (verb->zero && !verb->minus && verb->width > 0 && (size_t)verb->width > len)
		append_padding(&text, (size_t)verb->width - len, '0');
	str_append(&text, digits);
	pad(printer, verb, str_text(&text), text.len);
}

static const char *sign_of(const struct verb *verb, bool negative)
{
	return negative ? "-" : verb->plus ? "+" : verb->space ? " " : "";
}

/* --- Complaints, which are part of the output --- */

void verb_print_described(struct printer *printer, const struct template_value *value)
{
	if (value_is_nothing(value)) {
		str_append(printer->out, "<nil>");
		return;
	}
	str_appendf(printer->out, "%s=", value_type_name(value));
	value_print(printer->call->data, value, false, printer->out);
}

static void print_bad_verb(struct printer *printer, const struct verb *verb, const struct template_value *value)
{
	str_appendf(printer->out, "%%!%s(", verb->text);
	verb_print_described(printer, value);
	str_append_char(printer->out, ')');
}

/* --- Integers --- */

static void digits_of(uint64_t value, unsigned base, bool upper, char buf[static 72])
{
	const char *letters = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	size_t at = 71;
	buf[at] = '\0';
	do
		buf[--at] = letters[value % base];
	while ((value /= base) > 0);
	memmove(buf, buf + at, 72 - at);
}

static void print_based(struct printer *printer, const struct verb *verb, int64_t value, unsigned base,
			const char *mark)
{
	char digits[72], prefix[8];
	bool negative = value < 0;
	_cleanup_str_ struct str text = { 0 };
	digits_of(negative ? 0 - (uint64_t)value : (uint64_t)value, base, verb->letter == 'X', digits);
	snprintf(prefix, sizeof prefix, "%s%s", sign_of(verb, negative),
		 verb->sharp || verb->letter == 'O' ? mark : "");
	/* A precision is the least number of digits. */
	if (verb->precision > 0 && (size_t)verb->precision > strlen(digits))
		append_padding(&text, (size_t)verb->precision - strlen(digits), '0');
	str_append(&text, digits);
	pad_number(printer, verb, prefix, str_text(&text));
}

static void print_quoted(struct printer *printer, const struct verb *verb, const char *text, size_t len, char quote);

static void print_character(struct printer *printer, const struct verb *verb, int64_t value)
{
	enum { REPLACEMENT = 0xfffd, CHARACTER_MAX = 0x10ffff };
	_cleanup_str_ struct str text = { 0 };
	char number[32];
	str_append_utf8(&text, value >= 0 && value <= CHARACTER_MAX ? (uint32_t)value : REPLACEMENT);
	if (verb->letter == 'c') {
		pad(printer, verb, str_text(&text), text.len);
	} else if (verb->letter == 'q') {
		print_quoted(printer, verb, str_text(&text), text.len, '\'');
	} else {
		snprintf(number, sizeof number, "U+%04" PRIX64, (uint64_t)value);
		pad(printer, verb, number, strlen(number));
	}
}

static void print_int(struct printer *printer, const struct verb *verb, const struct template_value *value)
{
	int64_t integer = value->integer;
	switch (verb->letter) {
	case 'v':
	case 'd':
		print_based(printer, verb, integer, 10, "");
		break;
	case 'b':
		print_based(printer, verb, integer, 2, "0b");
		break;
	case 'o':
	case 'O':
		print_based(printer, verb, integer, 8, verb->letter == 'O' ? "0o" : "0");
		break;
	case 'x':
	case 'X':
		print_based(printer, verb, integer, 16, verb->letter == 'x' ? "0x" : "0X");
		break;
	case 'c':
	case 'q':
	case 'U':
		print_character(printer, verb, integer);
		break;
	default:
		print_bad_verb(printer, verb, value);
	}
}

/* --- Floats --- */

static void print_float(struct printer *printer, const struct verb *verb, const struct template_value *value)
{
	enum { PRECISION_MAX = 100 };
	_cleanup_str_ struct str text = { 0 };
	double real = value->real;
	int precision = MIN(verb->precision < 0 ? 6 : verb->precision, (int)PRECISION_MAX);
	bool shortest = verb->precision < 0 && verb->letter && strchr("vgG", (int)verb->letter);
	switch (verb->letter) {
	case 'e':
		str_appendf(&text, "%.*e", precision, fabs(real));
		break;
	case 'E':
		str_appendf(&text, "%.*E", precision, fabs(real));
		break;
	case 'f':
	case 'F':
		str_appendf(&text, "%.*f", precision, fabs(real));
		break;
	case 'v':
	case 'g':
	case 'G':
		if (shortest)
			value_print_real(fabs(real), REAL_PLAIN_MIN, REAL_PLAIN_MAX, &text);
		else
			str_appendf(&text, "%.*g", precision, fabs(real));
		break;
	default:
		print_bad_verb(printer, verb, value);
		return;
	}
	if (verb->letter == 'G')
		for (char *at = text.data; *at; at++)
			*at = (char)toupper((unsigned char)*at);
	pad_number(printer, verb, sign_of(verb, signbit(real)), str_text(&text));
}

/* --- Texts --- */

static void append_escaped(struct str *out, uint32_t character, char quote, bool ascii)
{
	static const char letters[] = "abfnrtv\\", values[] = "\a\b\f\n\r\t\v\\";
	const char *found = character && character < 0x80 ? strchr(values, (int)character) : NULL;
	if (found)
		str_appendf(out, "\\%c", letters[found - values]);
	else if (character == (unsigned char)quote)
		str_appendf(out, "\\%c", quote);
	else if (character < 0x20 || character == 0x7f)
		str_appendf(out, "\\x%02x", character);
	else if (character >= 0x10000 && ascii)
		str_appendf(out, "\\U%08x", character);
	else if (character >= 0x80 && (character < 0xa0 || ascii))
		str_appendf(out, "\\u%04x", character);
	else
		str_append_utf8(out, character);
}

static void print_quoted(struct printer *printer, const struct verb *verb, const char *text, size_t len, char quote)
{
	_cleanup_str_ struct str quoted = { 0 };
	if (verb->sharp && quote == '"' && !memchr(text, '`', len)) {
		str_append_char(&quoted, '`');
		str_append_len(&quoted, text, len);
		str_append_char(&quoted, '`');
		pad(printer, verb, str_text(&quoted), quoted.len);
		return;
	}
	str_append_char(&quoted, quote);
	for (size_t n; len > 0; text += n, len -= n) {
		uint32_t character;
		n = str_utf8_decode(text, len, &character);
		if (n > 0)
			append_escaped(&quoted, character, quote, verb->plus);
		else
			str_appendf(&quoted, "\\x%02x", (unsigned char)*text);
		n = n ? n : 1;
	}
	str_append_char(&quoted, quote);
	pad(printer, verb, str_text(&quoted), quoted.len);
}

static void print_hex(struct printer *printer, const struct verb *verb, const char *text, size_t len)
{
	_cleanup_str_ struct str hex = { 0 };
	bool upper = verb->letter == 'X';
	for (size_t i = 0; i < len; i++) {
		if (verb->space && i > 0)
			str_append_char(&hex, ' ');
		if (verb->sharp && (i == 0 || verb->space))
			str_append(&hex, upper ? "0X" : "0x");
		str_appendf(&hex, upper ? "%02X" : "%02x", (unsigned char)text[i]);
	}
	pad(printer, verb, str_text(&hex), hex.len);
}

/* A precision cuts a text to so many characters. */
static size_t cut_length(const struct verb *verb, const struct template_value *value)
{
	size_t len = 0;
	if (verb->precision < 0)
		return value->len;
	for (int i = 0; i < verb->precision && len < value->len; i++)
		len += MAX(str_utf8_length(value->text + len, value->len - len), (size_t)1);
	return len;
}

static void print_text(struct printer *printer, const struct verb *verb, const struct template_value *value)
{
	size_t len = cut_length(verb, value);
	switch (verb->letter) {
	case 'v':
		if (verb->sharp)
			print_quoted(printer, &(struct verb){ .width = verb->width }, value->text, len, '"');
		else
			pad(printer, verb, value->text, len);
		break;
	case 's':
		pad(printer, verb, value->text, len);
		break;
	case 'q':
		print_quoted(printer, verb, value->text, len, '"');
		break;
	case 'x':
	case 'X':
		print_hex(printer, verb, value->text, len);
		break;
	default:
		print_bad_verb(printer, verb, value);
	}
}

/* --- Everything else --- */

static void print_bool(struct printer *printer, const struct verb *verb, const struct template_value *value)
{
	const char *text = value->boolean ? "true" : "false";
	if (verb->letter == 't' || verb->letter == 'v')
		pad(printer, verb, text, strlen(text));
	else
		print_bad_verb(printer, verb, value);
}

static void print_list(struct printer *printer, const struct verb *verb, const struct template_value *list)
{
	const struct template_data *data = printer->call->data;
	str_append_char(printer->out, '[');
	for (size_t i = 0; i < value_count(list); i++) {
		struct template_value element =
			value_of_json(data, json_object_array_get_idx(list->json, i), list->key);
		str_append(printer->out, i > 0 ? " " : "");
		verb_print(printer, verb, &element);
	}
	str_append_char(printer->out, ']');
}

static void print_members(struct printer *printer, const struct verb *verb, const struct template_value *value)
{
	_cleanup_free_ const char **keys = value_members(printer->call->data, value);
	bool is_map = value->kind == VALUE_MAP;
	str_append(printer->out, is_map ? "map[" : "{");
	for (size_t i = 0; keys[i]; i++) {
		struct template_value key = { .kind = VALUE_STRING, .text = keys[i], .len = strlen(keys[i]) };
		struct template_value member = value_of_key(printer->call->data, value, keys[i]);
		str_append(printer->out, i > 0 ? " " : "");
		if (is_map)
			verb_print(printer, verb, &key);
		else if (verb->names)
			str_append(printer->out, keys[i]);
		str_append(printer->out, is_map || verb->names ? ":" : "");
		verb_print(printer, verb, &member);
	}
	str_append_char(printer->out, is_map ? ']' : '}');
}

static void print_nothing(struct printer *printer, const struct verb *verb, const struct template_value *value)
{
	static const char text[] = "<nil>";
	if (verb->letter == 'v')
		pad(printer, verb, text, strlen(text));
	else
		print_bad_verb(printer, verb, value);
}

void verb_print(struct printer *printer, const struct verb *verb, const struct template_value *value)
{
	switch (value->kind) {
	case VALUE_NONE:
	case VALUE_NIL:
		print_nothing(printer, verb, value);
		break;
	case VALUE_BOOL:
		print_bool(printer, verb, value);
		break;
	case VALUE_INT:
		print_int(printer, verb, value);
		break;
	case VALUE_FLOAT:
		print_float(printer, verb, value);
		break;
	case VALUE_STRING:
		print_text(printer, verb, value);
		break;
	case VALUE_LIST:
		print_list(printer, verb, value);
		break;
	case VALUE_MAP:
	case VALUE_STRUCT:
		print_members(printer, verb, value);
		break;
	}
}

void verb_print_type(struct printer *printer, const struct verb *verb, const struct template_value *value)
{
	const char *name = value_type_name(value);
	pad(printer, verb, name, strlen(name));
}
