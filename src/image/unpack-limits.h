/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ceilings against bombs; every one of them is said in the error that it causes, together with the variable of the
 * environment that raises it.
 *
 * A file's holes count as if they were data: whoever copies or exports the file later, pays for them.
 *
 * The ratio is not about gzip, whose best is 1032 to 1 for zeros alone, but about what a sender may make us write for
 * what it sends: up to `ratio_from` anything goes (disk images and test files full of zeros are real), beyond it the
 * whole has to stay below `ratio`, where text reaches 5 to 20 and programs 2 to 4.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct unpack_limits {
	uint64_t bytes;	     /* unpacked: the archive, and likewise all files together */
	uint64_t entries;    /* of the archive, and parents that it leaves out */
	uint64_t ratio;	     /* unpacked over compressed bytes, ... */
	uint64_t ratio_from; /* ... once more than this was unpacked */
	bool owners_are_ours; /* whatever the archive says: it is taken apart, and no layer */
	bool no_digest;	      /* nobody needs the DiffID, or it is known: the result has one of nothing */
};
extern const struct unpack_limits unpack_default_limits; /* 64 GiB, 4 million, 200, 1 GiB */

#define UNPACK_BYTES_VARIABLE "COFFER_LAYER_MAX_BYTES"
#define UNPACK_ENTRIES_VARIABLE "COFFER_LAYER_MAX_ENTRIES"
#define UNPACK_RATIO_VARIABLE "COFFER_LAYER_MAX_RATIO"

/* The defaults, and what our environment says otherwise. Errors: ERR_INVALID, naming the variable. */
int unpack_limits_read(struct unpack_limits *ret, struct error *err);
