/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/util.h"

bool str_ends_with(const char *s, const char *suffix)
{
	size_t len = strlen(s), suffix_len = strlen(suffix);
	return len >= suffix_len && streq(s + len - suffix_len, suffix);
}

size_t str_copy(char *buf, size_t size, const char *s)
{
	if (size == 0)
		return 0;
	size_t len = strnlen(s, size - 1);
	memcpy(buf, s, len);
	buf[len] = '\0';
	return len;
}

const char *str_errno(int sys_errno, char *buf, size_t size)
{
	const char *text = strerrordesc_np(sys_errno);
	if (!text) {
		snprintf(buf, size, "error %d", sys_errno);
		return buf;
	}
	str_copy(buf, size, text);
	if (size > 1 && buf[0] >= 'A' && buf[0] <= 'Z' && !(buf[1] >= 'A' && buf[1] <= 'Z'))
		buf[0] |= 0x20;
	return buf;
}

size_t str_utf8_decode(const char *text, size_t left, uint32_t *ret)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t min;
	} forms[] = { { 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };
	const unsigned char *s = (const unsigned char *)text;

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if ((s[0] & forms[i].mask) != forms[i].lead)
			continue;
		uint32_t c = s[0] & (unsigned char)~forms[i].mask;
		if (i >= left)
			return 0;
		for (size_t k = 1; k <= i; k++) {
			if ((s[k] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (s[k] & 0x3f);
		}
		bool surrogate = c >= 0xd800 && c <= 0xdfff;
		if (c < forms[i].min || surrogate || c > 0x10ffff)
			return 0;
		*ret = c;
		return i + 1;
	}
	return 0;
}

size_t str_utf8_length(const char *text, size_t left)
{
	uint32_t character;
	return str_utf8_decode(text, left, &character);
}

bool str_is_utf8(const char *s, size_t len)
{
	while (len > 0) {
		size_t n = (unsigned char)*s < 0x80 ? 1 : str_utf8_length(s, len); /* most of most texts */
		if (n == 0)
			return false;
		s += n;
		len -= n;
	}
	return true;
}

size_t str_escape_control(const char *s, char *buf, size_t size)
{
	size_t used = 0, left = strlen(s);
	const unsigned char *at = (const unsigned char *)s;
	while (left > 0 && size > 0) {
		size_t n = str_utf8_length((const char *)at, left);
		bool c1 = n == 2 && at[0] == 0xc2 && at[1] < 0xa0;
		char piece[16];
		if (*at == '\n' || *at == '\t')
			snprintf(piece, sizeof piece, "\\%c", *at == '\n' ? 'n' : 't');
		else if (n == 0 || *at < 0x20 || *at == 0x7f || c1)
			snprintf(piece, sizeof piece, "\\x%02x", c1 ? at[1] : at[0]);
		else
			snprintf(piece, sizeof piece, "%.*s", (int)n, (const char *)at);
		if (used + strlen(piece) >= size)
			break;
		used += str_copy(buf + used, size - used, piece);
		n = n ? n : 1;
		at += n;
		left -= n;
	}
	if (size > 0)
		buf[used] = '\0';
	return used;
}

size_t str_distance(const char *a, const char *b, size_t limit)
{
	enum { LONGEST = 64 };
	size_t rows[3][LONGEST + 1];
	size_t la = strlen(a), lb = strlen(b);
	if (la > LONGEST || lb > LONGEST)
		return streq(a, b) ? 0 : limit + 1;

	for (size_t j = 0; j <= lb; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t *row = rows[i % 3], *above = rows[(i - 1) % 3], *above2 = rows[(i + 1) % 3];
		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t exchange = above[j - 1] + (a[i - 1] != b[j - 1]);
			size_t indel = MIN(above[j], row[j - 1]) + 1;
			row[j] = MIN(exchange, indel);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = MIN(row[j], above2[j - 2] + 1);
		}
	}
	return MIN(rows[la % 3][lb], limit + 1);
}

const char *str_nearest(const char *s, const char *const *candidates)
{
	enum { FAR = 3 };
	const char *best = NULL;
	size_t best_distance = FAR;
	for (; candidates && *candidates; candidates++) {
		size_t distance = str_distance(s, *candidates, FAR);
		bool shares_something = distance < strlen(*candidates) && distance < strlen(s);
		if (distance < best_distance && shares_something) {
			best = *candidates;
			best_distance = distance;
		}
	}
	return best;
}

void str_done(struct str *s)
{
	free(s->data);
	*s = (struct str){ 0 };
}

static void reserve(struct str *s, size_t more)
{
	size_t need = s->len + more + 1;
	if (need <= s->size)
		return;
	s->size = MAX(need, s->size * 2);
	s->data = mem_realloc(s->data, s->size, 1);
}

void str_append_len(struct str *s, const void *data, size_t len)
{
	reserve(s, len);
	if (len)
		memcpy(s->data + s->len, data, len);
	s->len += len;
	s->data[s->len] = '\0';
}

void str_append(struct str *s, const char *text)
{
	str_append_len(s, text, strlen(text));
}

void str_append_char(struct str *s, char c)
{
	str_append_len(s, &c, 1);
}

void str_vappendf(struct str *s, const char *fmt, va_list args)
{
	va_list again;
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0)
		return;
	reserve(s, (size_t)len);
	vsnprintf(s->data + s->len, (size_t)len + 1, fmt, args);
	s->len += (size_t)len;
}

void str_append_utf8(struct str *s, uint32_t character)
{
	static const struct {
		uint32_t end;
		unsigned char lead;
	} forms[] = { { 0x80, 0x00 }, { 0x800, 0xc0 }, { 0x10000, 0xe0 }, { 0x110000, 0xf0 } };
	size_t more = 0;

	while (more + 1 < ARRAY_SIZE(forms) && character >= forms[more].end)
		more++;
	str_append_char(s, (char)(forms[more].lead | character >> (6 * more)));
	while (more-- > 0)
		str_append_char(s, (char)(0x80 | (character >> (6 * more) & 0x3f)));
}

void str_appendf(struct str *s, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	str_vappendf(s, fmt, args);
	va_end(args);
}

void str_truncate(struct str *s, size_t len)
{
	if (len >= s->len)
		return;
	s->len = len;
	s->data[len] = '\0';
}

const char *str_text(const struct str *s)
{
	return s->data ? s->data : "";
}

char *str_take(struct str *s)
{
	char *text = s->data ? s->data : mem_strdup("");
	*s = (struct str){ 0 };
	return text;
}

size_t strv_count(char *const *v)
{
	size_t count = 0;
	while (v && v[count])
		count++;
	return count;
}

void strv_free(char **v)
{
	for (char **s = v; s && *s; s++)
		free(*s);
	free(v);
}

void strv_take(char ***v, char *s)
{
	size_t count = strv_count(*v);
	*v = mem_realloc(*v, count + 2, sizeof **v);
	(*v)[count] = s;
	(*v)[count + 1] = NULL;
}

void strv_append(char ***v, const char *s)
{
	strv_take(v, mem_strdup(s));
}

char **strv_copy(char *const *v)
{
	size_t count = strv_count(v);
	char **copy = mem_alloc((count + 1) * sizeof *copy);
	for (size_t i = 0; i < count; i++)
		copy[i] = mem_strdup(v[i]);
	return copy;
}

bool strv_contains(char *const *v, const char *s)
{
	for (; v && *v; v++)
		if (streq(*v, s))
			return true;
	return false;
}

char **strv_split(const char *s, char separator)
{
	size_t count = !str_is_empty(s), n = 0;
	for (const char *at = s; at && *at; at++)
		count += *at == separator;
	char **v = mem_alloc((count + 1) * sizeof *v);
	while (n < count) {
		const char *end = strchrnul(s, separator);
		v[n++] = mem_strndup(s, (size_t)(end - s));
		s = end + 1; /* behind the last field nobody looks */
	}
	return v;
}

char *strv_join(char *const *v, const char *separator)
{
	struct str joined = { 0 };
	for (size_t i = 0; v && v[i]; i++) {
		if (i > 0)
			str_append(&joined, separator);
		str_append(&joined, v[i]);
	}
	return str_take(&joined);
}
