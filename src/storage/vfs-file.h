/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of single things, for vfs.c. */
#pragma once

#include <sys/stat.h>

/* The content of a regular file into an empty one. Returns 0 or -errno. */
int vfs_copy_content(int from, int to, off_t size);

/*
 * Owner, mode, extended attributes (but for overlayfs' own) and times, in place of those that it has. Both may be open with O_PATH. Returns 0 or -errno.
 */
int vfs_copy_metadata(int from, int to, const struct stat *st);
