/* SPDX-License-Identifier: Apache-2.0 */
/* The keys that leave a container alone: ctrl-p ctrl-q, or what --detach-keys says. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { DETACH_KEYS_MAX = 16 };

struct detach_keys {
	char keys[DETACH_KEYS_MAX];
	size_t count;
	size_t seen; /* how many of them the input ended with; held back until it is clear */
};

#define DETACH_KEYS_DEFAULT                        \
	{                                          \
		.keys = { 0x10, 0x11 }, .count = 2 \
	} /* ctrl-p, ctrl-q */

/*
 * "ctrl-a,x": letters, and ctrl- with one of a-z @ [ \ ] ^ _. Errors: ERR_USAGE. As an option's parser it
 * takes its struct detach_keys as a void pointer.
 */
int detach_keys_parse(const char *text, void *ret, struct error *err);

/*
 * Pass @len bytes of input on to @out (with room for DETACH_KEYS_MAX more), but for keys that may become the sequence.
 * Returns how many bytes @out got. When the sequence is complete, what follows it is dropped.
 */
size_t detach_keys_filter(struct detach_keys *keys, const char *in, size_t len, char *out, bool *ret_complete);
