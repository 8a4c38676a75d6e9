/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/log-escape.h"

#include <stdbool.h>
#include <string.h>

#include "base/str.h"

/* What stands for itself: ASCII without the control characters and without " & < > and the backslash. */
static const bool PLAIN[256] = {
	[' ' ... '!'] = true, ['#' ... '%'] = true, ['\'' ... ';'] = true,
	['='] = true,	      ['?' ... '['] = true, [']' ... 0x7f] = true,
};

static size_t plain_run(const char *text, size_t len)
{
	size_t n = 0;
	while (n < len && PLAIN[(unsigned char)text[n]])
		n++;
	return n;
}

size_t log_put(const char *text, char *to)
{
	size_t n = 0;
	for (; text[n]; n++)
		to[n] = text[n];
	return n;
}

static size_t escape_ascii(unsigned char c, char *to)
{
	static const char digits[] = "0123456789abcdef";
	char simple = c == '\n' ? 'n' : c == '\r' ? 'r' : c == '"' || c == '\\' ? (char)c : '\0';
	if (simple) {
		to[0] = '\\';
		to[1] = simple;
		return 2;
	}
	(void)log_put("\\u00", to);
	to[4] = digits[c >> 4];
	to[5] = digits[c & 0xf];
	return 6;
}

/* One character beyond ASCII, or a byte that is none. *ret_taken is how many bytes of @text it was. */
static size_t escape_other(const char *text, size_t len, char *to, size_t *ret_taken)
{
	size_t n = str_utf8_length(text, len);
	*ret_taken = n ? n : 1;
	if (n == 0)
		return log_put("\\ufffd", to);
	/* U+2028 and U+2029 end a line in JavaScript. */
	if (n == 3 && (memcmp(text, "\xe2\x80\xa8", n) == 0 || memcmp(text, "\xe2\x80\xa9", n) == 0))
		return log_put(text[2] == '\xa8' ? "\\u2028" : "\\u2029", to);
	memcpy(to, text, n);
	return n;
}

size_t log_escape(const char *text, size_t len, char *to)
{
	char *start = to;
	while (len > 0) {
		size_t n = plain_run(text, len);
		memcpy(to, text, n);
		to += n;
		text += n;
		len -= n;
		if (len == 0)
			break;
		n = 1;
		if ((unsigned char)*text < 0x80)
			to += escape_ascii((unsigned char)*text, to);
		else
			to += escape_other(text, len, to, &n);
		text += n;
		len -= n;
	}
	return (size_t)(to - start);
}
