/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/template-literal.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/util.h"

/* --- Numbers --- */

/* Underscores may stand between digits, and between a prefix and its first digit. */
static bool take_underscores(char *digits)
{
	size_t kept = 0;
	for (size_t i = 0; digits[i]; i++) {
		if (digits[i] == '_' && (i == 0 || digits[i - 1] == '_' || !digits[i + 1] || digits[i + 1] == '_'))
			return false;
		if (digits[i] != '_')
			digits[kept++] = digits[i];
	}
	digits[kept] = '\0';
	return true;
}

/* "0x1f", "0b11", "0o17", "017", "31": the base, with *digits moved behind the prefix. */
static int base_of(const char **digits)
{
	static const struct {
		const char *prefix;
		int base;
	} bases[] = { { "0x", 16 }, { "0X", 16 }, { "0b", 2 }, { "0B", 2 }, { "0o", 8 }, { "0O", 8 } };
	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		const char *rest = str_after(*digits, bases[i].prefix);
		if (rest) {
			*digits = rest;
			return bases[i].base;
		}
	}
	return (*digits)[0] == '0' && (*digits)[1] ? 8 : 10;
}

static bool parse_integer(const char *digits, bool negative, int64_t *ret, bool *ret_overflows)
{
	int base = base_of(&digits);
	uint64_t limit = (uint64_t)INT64_MAX + negative;
	char *end;
	errno = 0;
	unsigned long long value = strtoull(digits, &end, base);
	if (end == digits || *end || *digits == '-' || *digits == '+')
		return false;
	*ret_overflows = errno == ERANGE || value > limit;
	*ret = negative ? (int64_t)(0 - value) : (int64_t)value;
	return true;
}

static bool parse_real(const char *digits, double *ret)
{
	char *end;
	bool is_hex = str_starts_with(digits, "0x") || str_starts_with(digits, "0X");
	if (digits[strspn(digits, "0123456789abcdefABCDEFxXpP+-._")] || (is_hex && !strpbrk(digits, "pP")))
		return false;
	*ret = strtod(digits, &end);
	return end != digits && !*end && isfinite(*ret);
}

const char *literal_number(struct node *node, const char *text, size_t len)
{
	_cleanup_free_ char *copy = mem_strndup(text, len);
	bool negative = *copy == '-', overflows = false;
	char *digits = copy + (negative || *copy == '+');
	if (!take_underscores(digits))
		return "bad number syntax";
	if (parse_integer(digits, negative, &node->integer, &overflows)) {
		node->kind = NODE_INT;
		return overflows ? "integer overflow" : NULL;
	}
	double real;
	if (!parse_real(digits, &real))
		return "bad number syntax";
	node->kind = NODE_FLOAT;
	node->real = negative ? -real : real;
	return NULL;
}

/* --- Characters and strings --- */

enum { SURROGATE_FIRST = 0xd800, SURROGATE_LAST = 0xdfff, CHARACTER_MAX = 0x10ffff };

/* @count digits of @base at *at: their value, or -1. */
static int64_t take_digits(const char **at, const char *end, size_t count, int base)
{
	char digits[16] = "", *stop;
	if ((size_t)(end - *at) < count)
		return -1;
	for (size_t i = 0; i < count; i++)
		digits[i] = (*at)[i];
	unsigned long value = strtoul(digits, &stop, base);
	if (stop != digits + count || !isxdigit((unsigned char)digits[0]))
		return -1;
	*at += count;
	return (int64_t)value;
}

/* The numbers behind a backslash: \x41 and \101 are bytes, \u00e4 and \U0001f600 characters. */
static bool take_number(const char **at, const char *end, uint32_t *ret, bool *ret_is_byte)
{
	static const struct {
		char letter;
		size_t digits;
	} forms[] = { { 'x', 2 }, { 'u', 4 }, { 'U', 8 } };
	int64_t value = -1;
	*ret_is_byte = **at == 'x' || **at <= '7';
	if (**at >= '0' && **at <= '7')
		value = take_digits(at, end, 3, 8);
	for (size_t i = 0; value < 0 && i < ARRAY_SIZE(forms); i++) {
		if (**at == forms[i].letter) {
			(*at)++;
			value = take_digits(at, end, forms[i].digits, 16);
			break;
		}
	}
	*ret = (uint32_t)value;
	return value >= 0 && value <= (*ret_is_byte ? 0xff : CHARACTER_MAX) &&
	       (value < SURROGATE_FIRST || value > SURROGATE_LAST);
}

/* One character, or byte, of a text between @quote signs. */
static bool take_character(const char **at, const char *end, char quote, uint32_t *ret, bool *ret_is_byte)
{
	static const char letters[] = "abfnrtv\\", values[] = "\a\b\f\n\r\t\v\\";
	if (**at != '\\') {
		size_t len = str_utf8_decode(*at, (size_t)(end - *at), ret);
		*ret_is_byte = len == 0;
		if (len == 0)
			*ret = (unsigned char)**at;
		*at += len ? len : 1;
		return true;
	}
	(*at)++;
	if (*at == end)
		return false;
	const char *letter = strchr(letters, **at);
	*ret_is_byte = false;
	if (!letter && **at != quote)
		return take_number(at, end, ret, ret_is_byte);
	*ret = (unsigned char)(letter ? values[letter - letters] : quote);
	(*at)++;
	return true;
}

const char *literal_character(struct node *node, const char *text, size_t len)
{
	const char *at = text + 1, *end = text + len - 1;
	uint32_t character;
	bool is_byte;
	if (at == end || !take_character(&at, end, '\'', &character, &is_byte) || at != end)
		return "malformed character constant";
	node->kind = NODE_INT;
	node->integer = character;
	return NULL;
}

bool literal_string(const char *text, size_t len, struct str *ret)
{
	const char *end = text + len;
	uint32_t character;
	bool is_byte;
	while (text < end) {
		if (!take_character(&text, end, '"', &character, &is_byte))
			return false;
		if (is_byte)
			str_append_char(ret, (char)character);
		else
			str_append_utf8(ret, character);
	}
	return true;
}
