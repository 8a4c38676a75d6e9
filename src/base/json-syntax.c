/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json-syntax.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"

struct scanner {
	const char *start, *at, *end;
	struct json_fault *fault;
};

static bool fault(struct scanner *s, const char *why)
{
	s->fault->offset = (size_t)(s->at - s->start);
	str_copy(s->fault->why, sizeof s->fault->why, why);
	return false;
}

/* "expected <what> before <what stands there>" */
static bool expected(struct scanner *s, const char *what)
{
	char why[sizeof s->fault->why];
	unsigned char c = s->at < s->end ? (unsigned char)*s->at : 0;
	if (s->at == s->end)
		return fault(s, "unexpected end of file");
	snprintf(why, sizeof why, c > ' ' && c < 0x7f ? "expected %s before '%c'" : "expected %s before byte 0x%02x", what,
		 c);
	return fault(s, why);
}

static bool next_is(const struct scanner *s, const char *set)
{
	return s->at < s->end && *s->at && strchr(set, *s->at);
}

static bool accept(struct scanner *s, const char *set)
{
	bool there = next_is(s, set);
	s->at += there;
	return there;
}

/* Between one token and the next all is decided by one character. */
static bool take(struct scanner *s, char c)
{
	bool there = s->at < s->end && *s->at == c;
	s->at += there;
	return there;
}

static void skip_space(struct scanner *s)
{
	while (take(s, ' ') || take(s, '\n') || take(s, '\t') || take(s, '\r'))
		;
}

static bool scan_digits(struct scanner *s)
{
	static const char digits[] = "0123456789";
	if (!accept(s, digits))
		return expected(s, "a digit");
	while (accept(s, digits))
		;
	return true;
}

static bool scan_number(struct scanner *s)
{
	(void)take(s, '-');
	if (take(s, '0')) {
		if (next_is(s, "0123456789"))
			return fault(s, "a number begins with 0");
	} else if (!scan_digits(s)) {
		return false;
	}
	if (take(s, '.') && !scan_digits(s))
		return false;
	if (!accept(s, "eE"))
		return true;
	(void)accept(s, "+-");
	return scan_digits(s);
}

static bool scan_escape(struct scanner *s)
{
	if (accept(s, "\"\\/bfnrt"))
		return true;
	if (!take(s, 'u'))
		return s->at == s->end ? expected(s, "") : fault(s, "unknown escape in a string");
	for (int i = 0; i < 4; i++)
		if (!accept(s, "0123456789abcdefABCDEF"))
			return expected(s, "a hexadecimal digit");
	return true;
}

/* Most of every document is that: it is passed by without further questions. */
static void skip_plain(struct scanner *s)
{
	for (; s->at < s->end; s->at++) {
		unsigned char c = (unsigned char)*s->at;
		if (c < 0x20 || c > 0x7e || c == '"' || c == '\\')
			return;
	}
}

static bool scan_string(struct scanner *s)
{
	if (!take(s, '"'))
		return expected(s, "'\"'");
	while (skip_plain(s), s->at < s->end) {
		if (take(s, '"'))
			return true;
		if (take(s, '\\')) {
			if (!scan_escape(s))
				return false;
			continue;
		}
		if (*s->at == '\0')
			return fault(s, "holds a NUL byte");
		if ((unsigned char)*s->at < 0x20)
			return fault(s, "a control character in a string");
		size_t len = str_utf8_length(s->at, (size_t)(s->end - s->at));
		if (len == 0)
			return fault(s, "not valid UTF-8");
		s->at += len;
	}
	return expected(s, "'\"'");
}

static bool scan_word(struct scanner *s)
{
	static const char *const words[] = { "true", "false", "null" };
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		const char *c = words[i];
		if (!take(s, *c++))
			continue;
		while (*c)
			if (!take(s, *c++))
				return expected(s, words[i]);
		return true;
	}
	return expected(s, "a value");
}

static bool scan_key(struct scanner *s)
{
	skip_space(s);
	if (!scan_string(s))
		return false;
	skip_space(s);
	return take(s, ':') || expected(s, "':'");
}

/*
 * One value, without recursion: @open has the brackets that are to be closed. Each turn reads what a value begins with
 * and then closes what ends behind it.
 */
static bool scan_value(struct scanner *s, char *open, size_t depth_max)
{
	size_t depth = 0;
	for (;;) {
		skip_space(s);
		if (next_is(s, "{[")) {
			if (depth == depth_max)
				return fault(s, "nested too deeply");
			bool object = *s->at++ == '{';
			open[depth++] = object ? '}' : ']';
			skip_space(s);
			if (!next_is(s, object ? "}" : "]")) {
				if (object && !scan_key(s))
					return false;
				continue;
			}
		} else if (!(next_is(s, "\"") ? scan_string(s) : next_is(s, "-0123456789") ? scan_number(s) : scan_word(s))) {
			return false;
		}
		skip_space(s);
		while (depth > 0 && take(s, open[depth - 1])) {
			depth--;
			skip_space(s);
		}
		if (depth == 0)
			return true;
		if (!take(s, ','))
			return expected(s, open[depth - 1] == '}' ? "',' or '}'" : "',' or ']'");
		if (open[depth - 1] == '}' && !scan_key(s))
			return false;
	}
}

bool json_is_well_formed(const char *text, size_t len, size_t depth_max, struct json_fault *ret_fault)
{
	struct scanner s = { .start = text, .at = text, .end = text + len, .fault = ret_fault };
	_cleanup_free_ char *open = mem_alloc(depth_max);
	if (!scan_value(&s, open, depth_max))
		return false;
	if (s.at < s.end)
		return *s.at == '\0' ? fault(&s, "holds a NUL byte") : expected(&s, "end of file");
	return true;
}
