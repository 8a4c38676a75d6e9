/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a tar archive of plain files and directories, the same bytes every time. Source: POSIX pax(1), "ustar". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { TAR_BLOCK = 512, TAR_NAME_MAX = 100 };

/*
 * The header of an entry of root's, without a time. @name is shorter than TAR_NAME_MAX. A size that is too large for
 * octal digits (8 GiB) is written as GNU tar does, in base 256.
 */
void tar_header(const char *name, uint64_t size, bool directory, char block[static TAR_BLOCK]);

/* How many bytes of zero follow @size bytes of a file. */
uint64_t tar_padding(uint64_t size);
