/* SPDX-License-Identifier: Apache-2.0 */
/* Macros of no subject of their own. */
#pragma once

#include <assert.h>
#include <stdint.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define MIN(a, b)                    \
	({                           \
		typeof(a) a_ = (a);  \
		typeof(b) b_ = (b);  \
		a_ < b_ ? a_ : b_;   \
	})

#define MAX(a, b)                    \
	({                           \
		typeof(a) a_ = (a);  \
		typeof(b) b_ = (b);  \
		a_ > b_ ? a_ : b_;   \
	})

#define STRINGIFY_(token) #token
#define STRINGIFY(token) STRINGIFY_(token)

/* Repeat a system call that a signal interrupted. */
#define RETRY_ON_EINTR(expression)                              \
	({                                                      \
		typeof(expression) result_;                     \
		do                                              \
			result_ = (expression);                 \
		while (result_ < 0 && errno == EINTR);          \
		result_;                                        \
	})
