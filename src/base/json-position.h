/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where in a JSON text a value stands. json-c forgets it while parsing; we look for it again, only once something is
 * wrong, so that the way without errors pays nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Both from 1; the column counts bytes. */
struct json_position {
	size_t line, column;
};

struct json_position json_position_of_offset(const char *text, size_t offset);

/* The start of the value that a JSON pointer (RFC 6901) names in a well-formed @text, or NULL; and its position. */
const char *json_find(const char *text, const char *pointer);
bool json_position_of_pointer(const char *text, const char *pointer, struct json_position *ret);
