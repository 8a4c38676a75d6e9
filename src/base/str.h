/* SPDX-License-Identifier: Apache-2.0 */
/* Strings: comparison, a growing buffer, NULL-terminated vectors, and text made safe to show. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline bool streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Both may be NULL; NULL equals only NULL. */
static inline bool streq_null(const char *a, const char *b)
{
	return a && b ? streq(a, b) : a == b;
}

/* The rest of @s after @prefix, or NULL. */
static inline const char *str_after(const char *s, const char *prefix)
{
	size_t len = strlen(prefix);
	return strncmp(s, prefix, len) == 0 ? s + len : NULL;
}

static inline bool str_starts_with(const char *s, const char *prefix)
{
	return str_after(s, prefix) != NULL;
}

bool str_ends_with(const char *s, const char *suffix);

static inline bool str_is_empty(const char *s)
{
	return !s || !*s;
}

/* Copy as much as fits, always terminated. Returns the number of bytes copied, without the terminator. */
size_t str_copy(char *buf, size_t size, const char *s);

/* strerror_r() in the C locale, always terminated; returns @buf. */
const char *str_errno(int sys_errno, char *buf, size_t size);

/*
 * Copy @s with everything that could drive a terminal (C0, DEL, C1, broken UTF-8) replaced by \xNN, and newlines and
 * tabs by \n and \t. Returns the length written.
 */
size_t str_escape_control(const char *s, char *buf, size_t size);

/* The length of the UTF-8 character at @s, of which @left bytes (at least one) are there; 0 if it is none, or cut off. */
size_t str_utf8_length(const char *s, size_t left);

/* The same; *ret becomes the character. */
size_t str_utf8_decode(const char *s, size_t left, uint32_t *ret);

/* Whether the @len bytes are UTF-8 as RFC 3629 has it: no surrogates, no overlong forms. */
bool str_is_utf8(const char *s, size_t len);

/* Edit distance for "did you mean": insertions, deletions, exchanges and swaps of neighbours; at most @limit + 1. */
size_t str_distance(const char *a, const char *b, size_t limit);

/* The element of the NULL-terminated @candidates that is nearest to @s, within two edits, or NULL. */
const char *str_nearest(const char *s, const char *const *candidates);

/* --- A growing buffer. Zero-initialised is empty; `data` is NULL or terminated. --- */

struct str {
	char *data;
	size_t len;
	size_t size;
};

void str_done(struct str *s);
#define _cleanup_str_ _cleanup_(str_done)

void str_append(struct str *s, const char *text);
void str_append_len(struct str *s, const void *data, size_t len);
void str_append_char(struct str *s, char c);
void str_append_utf8(struct str *s, uint32_t character); /* at most 0x10ffff */
void str_appendf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void str_vappendf(struct str *s, const char *fmt, va_list args) __attribute__((format(printf, 2, 0)));
void str_truncate(struct str *s, size_t len);

/* The text, never NULL, owned by @s. */
const char *str_text(const struct str *s);

/* Hand the text over; @s is empty afterwards. Never NULL; free() it. */
char *str_take(struct str *s);

/* --- NULL-terminated vectors of strings ("strv"). A NULL vector is an empty one. --- */

size_t strv_count(char *const *v);
void strv_free(char **v);
static inline void strv_freep(char ***v)
{
	strv_free(*v);
}
#define _cleanup_strv_ _cleanup_(strv_freep)

/* Append a copy of @s (or, with take, @s itself). */
void strv_append(char ***v, const char *s);
void strv_take(char ***v, char *s);
char **strv_copy(char *const *v);
bool strv_contains(char *const *v, const char *s);

/* Split at each @separator; empty fields are kept; an empty string gives an empty vector. */
char **strv_split(const char *s, char separator);
char *strv_join(char *const *v, const char *separator);
