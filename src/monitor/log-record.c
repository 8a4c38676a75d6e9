/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A parser for one shape of JSON, since it reads gigabytes: an object of strings, one of which may be an object. Bytes are
 * looked for by memchr(), which is as fast as memory, and moved only behind an escape.
 */
#include "monitor/log-record.h"

#include <string.h>

#include "base/time.h"

struct cursor {
	char *at, *end;
};

static bool take(struct cursor *cursor, char c)
{
	if (cursor->at == cursor->end || *cursor->at != c)
		return false;
	cursor->at++;
	return true;
}

/* --- Strings --- */

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four digits, or -1. */
static int take_hex(struct cursor *cursor)
{
	int value = 0;
	if (cursor->end - cursor->at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(cursor->at[i]);
		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	cursor->at += 4;
	return value;
}

/* Behind the first half of a pair: the second, if there is one. */
static unsigned take_low_surrogate(struct cursor *cursor, unsigned high)
{
	struct cursor ahead = *cursor;
	if (!take(&ahead, '\\') || !take(&ahead, 'u'))
		return 0xfffd;
	int low = take_hex(&ahead);
	if (low < 0xdc00 || low > 0xdfff)
		return 0xfffd;
	*cursor = ahead;
	return 0x10000 + ((high - 0xd800) << 10) + ((unsigned)low - 0xdc00);
}

/* Never longer than the escape that it comes from. */
static char *put_utf8(char *to, unsigned c)
{
	if (c < 0x80) {
		*to++ = (char)c;
		return to;
	}
	int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const unsigned char leads[] = { 0, 0xc0, 0xe0, 0xf0 };
	*to++ = (char)(leads[more] | c >> (6 * more));
	while (more-- > 0)
		*to++ = (char)(0x80 | (c >> (6 * more) & 0x3f));
	return to;
}

/* Behind the backslash. Returns the end of what was written to @to, or NULL. */
static char *take_escape(struct cursor *cursor, char *to)
{
	static const char from[] = "\"\\/bfnrt", meaning[] = "\"\\/\b\f\n\r\t";
	if (cursor->at == cursor->end)
		return NULL;
	char c = *cursor->at++;
	const char *known = c ? strchr(from, c) : NULL;
	if (known) {
		*to = meaning[known - from];
		return to + 1;
	}
	int value = c == 'u' ? take_hex(cursor) : -1;
	if (value < 0)
		return NULL;
	bool high = value >= 0xd800 && value <= 0xdbff, low = value >= 0xdc00 && value <= 0xdfff;
	return put_utf8(to, high ? take_low_surrogate(cursor, (unsigned)value) : low ? 0xfffd : (unsigned)value);
}

/* A string, whose beginning stays where it is and whose rest moves up behind escapes. */
static bool take_string(struct cursor *cursor, const char **ret, size_t *ret_len)
{
	if (!take(cursor, '"'))
		return false;
	char *start = cursor->at, *to = start;
	for (;;) {
		size_t left = (size_t)(cursor->end - cursor->at);
		char *escape = memchr(cursor->at, '\\', left);
		char *quote = memchr(cursor->at, '"', escape ? (size_t)(escape - cursor->at) : left);
		if (!quote && !escape)
			return false;
		size_t n = (size_t)((quote ? quote : escape) - cursor->at);
		if (to != cursor->at)
			memmove(to, cursor->at, n);
		to += n;
		cursor->at += n + 1;
		if (quote)
			break;
		to = take_escape(cursor, to);
		if (!to)
			return false;
	}
	*ret = start;
	*ret_len = (size_t)(to - start);
	return true;
}

/* --- Other values --- */

static bool skip_string(struct cursor *cursor)
{
	for (cursor->at++; cursor->at < cursor->end; cursor->at++) {
		if (*cursor->at == '\\')
			cursor->at++;
		else if (*cursor->at == '"') {
			cursor->at++;
			return true;
		}
	}
	return false;
}

/* An object, to its closing brace. What is in it is only looked through. */
static bool take_object(struct cursor *cursor, const char **ret, size_t *ret_len)
{
	char *start = cursor->at;
	int depth = 0;
	while (cursor->at < cursor->end) {
		if (*cursor->at == '"') {
			if (!skip_string(cursor))
				return false;
			continue;
		}
		depth += (*cursor->at == '{') - (*cursor->at == '}');
		cursor->at++;
		if (depth == 0) {
			*ret = start;
			*ret_len = (size_t)(cursor->at - start);
			return true;
		}
	}
	return false;
}

/* --- The entry --- */

static bool is_key(const char *key, size_t len, const char *name)
{
	return len == strlen(name) && memcmp(key, name, len) == 0;
}

static bool take_value(struct cursor *cursor, const char *key, size_t key_len, struct log_record *entry)
{
	const char *value;
	size_t len;
	if (cursor->at < cursor->end && *cursor->at == '{')
		return is_key(key, key_len, "attrs") ? take_object(cursor, &entry->attributes, &entry->attributes_len) :
						       take_object(cursor, &value, &len);
	if (!take_string(cursor, &value, &len))
		return false;
	if (is_key(key, key_len, "log")) {
		entry->text = value;
		entry->len = len;
	} else if (is_key(key, key_len, "stream")) {
		entry->stream = is_key(value, len, "stderr") ? LOG_STDERR : LOG_STDOUT;
	} else if (is_key(key, key_len, "time")) {
		entry->time = value;
		entry->time_len = len;
	}
	return true;
}

bool log_record_parse(char *line, size_t len, struct log_record *ret)
{
	struct cursor cursor = { .at = line, .end = line + len };
	struct log_record entry = { .text = line, .time = line };
	const char *key;
	size_t key_len;
	if (!take(&cursor, '{'))
		return false;
	do {
		if (!take_string(&cursor, &key, &key_len) || !take(&cursor, ':') ||
		    !take_value(&cursor, key, key_len, &entry))
			return false;
	} while (take(&cursor, ','));
	if (!take(&cursor, '}') || cursor.at != cursor.end)
		return false;
	*ret = entry;
	return true;
}

int64_t log_record_time(const struct log_record *entry)
{
	char text[TIME_TEXT_MAX + 8];
	int64_t ns = 0;
	if (!entry->time)
		return entry->time_ns;
	if (entry->time_len >= sizeof text)
		return 0;
	memcpy(text, entry->time, entry->time_len);
	text[entry->time_len] = '\0';
	(void)time_parse_rfc3339(text, &ns, NULL);
	return ns;
}
