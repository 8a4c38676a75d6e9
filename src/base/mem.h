/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that cannot fail. Linux overcommits: malloc() answers NULL only where an address-space limit is hit, and then
 * no handler of ours could do better than stop. Every step of coffer survives SIGKILL, so stopping is safe.
 */
#pragma once

#include <stddef.h>

void *mem_alloc(size_t size);                      /* zeroed */
void *mem_realloc(void *ptr, size_t count, size_t size);
char *mem_strdup(const char *s);                   /* NULL gives NULL */
char *mem_strndup(const char *s, size_t len);
void *mem_dup(const void *data, size_t size);
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define NEW(type) ((type *)mem_alloc(sizeof(type)))

/* Make room for one more element at the end of (array, count), and return a pointer to it, zeroed. */
#define ARRAY_APPEND(array, count)                                                                \
	({                                                                                        \
		(array) = mem_grow((array), (count), sizeof *(array));                            \
		(count)++;                                                                        \
		&(array)[(count) - 1];                                                            \
	})

/* Room for element @count (growing by powers of two); the new element is zeroed. For ARRAY_APPEND(). */
void *mem_grow(void *array, size_t count, size_t size);
