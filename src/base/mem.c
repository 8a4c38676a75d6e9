/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *checked(void *ptr)
{
	static const char words[] = "coffer: out of memory\n";
	if (ptr)
		return ptr;
	(void)!write(STDERR_FILENO, words, sizeof words - 1);
	abort();
}

void *mem_alloc(size_t size)
{
	return checked(calloc(1, size ? size : 1));
}

void *mem_realloc(void *ptr, size_t count, size_t size)
{
	return checked(reallocarray(ptr, count ? count : 1, size));
}

char *mem_strdup(const char *s)
{
	return s ? checked(strdup(s)) : NULL;
}

char *mem_strndup(const char *s, size_t len)
{
	const char *end = memchr(s, 0, len);
	len = end ? (size_t)(end - s) : len;
	char *copy = mem_alloc(len + 1);
	memcpy(copy, s, len);
	return copy;
}

void *mem_dup(const void *data, size_t size)
{
	void *copy = mem_alloc(size);
	if (size)
		memcpy(copy, data, size);
	return copy;
}

char *mem_printf(const char *fmt, ...)
{
	char *text;
	va_list args;
	va_start(args, fmt);
	int len = vasprintf(&text, fmt, args);
	va_end(args);
	return checked(len < 0 ? NULL : text);
}

void *mem_grow(void *array, size_t count, size_t size)
{
	bool full = count == 0 || (count & (count - 1)) == 0;
	if (full)
		array = mem_realloc(array, count ? count * 2 : 1, size);
	memset((char *)array + count * size, 0, size);
	return array;
}
