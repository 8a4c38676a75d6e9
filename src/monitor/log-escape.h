/* SPDX-License-Identifier: Apache-2.0 */
/* Text of any bytes as the inside of a JSON string, in the form that Go's encoders give it. */
#pragma once

#include <stddef.h>

enum { LOG_ESCAPE_MAX = 6 }; /* bytes that one byte can become */

/* Write the escaped form of @len bytes to @to, which has room for LOG_ESCAPE_MAX times as many. Returns its length. */
size_t log_escape(const char *text, size_t len, char *to);

/* Write @text as it is, without its terminator. Returns its length. */
size_t log_put(const char *text, char *to);
