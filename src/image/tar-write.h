/* SPDX-License-Identifier: Apache-2.0 */
/* Writing tar archives, the same bytes for the same files. Source: POSIX pax(1), "ustar" and "pax Header Block". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "image/unpack-entry.h"

enum { TAR_BLOCK = 512, TAR_NAME_MAX = 100 };

/*
 * The header of an entry of root's, without a time. @name is shorter than TAR_NAME_MAX. A size that is too large for
 * octal digits (8 GiB) is written as GNU tar does, in base 256.
 */
void tar_header(const char *name, uint64_t size, bool directory, char block[static TAR_BLOCK]);

/*
 * Append the header of a file of any kind, called @entry->raw (without a slash at its end). What ustar has no room for is
 * in an extended header before it: long names, large numbers, parts of seconds, extended attributes (as SCHILY.xattr, which
 * is what all readers know). Names are bytes, as they are.
 */
void tar_entry_header(const struct entry *entry, struct str *out);

/* How many bytes of zero follow @size bytes of a file. */
uint64_t tar_padding(uint64_t size);
