/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a text is JSON. json-c takes more than JSON even where it is told to be strict ('a', NaN, 1., 00, control
 * characters in strings), and what one parser takes and the next one does not is how two readers of one signed document
 * come to see two. So the text is checked here first, with the place of the first fault.
 *
 * Source: RFC 8259, sections 2 to 8.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct json_fault {
	size_t offset;
	char why[64];
};

/* Whether the @len bytes at @text are one value, nested at most @depth_max deep, with nothing but space around it. */
bool json_is_well_formed(const char *text, size_t len, size_t depth_max, struct json_fault *ret_fault);
