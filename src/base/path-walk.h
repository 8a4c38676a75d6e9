/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What openat2() does, by hand: component by component with O_PATH|O_NOFOLLOW, never by a path of two. For path.c, where
 * the kernel cannot do it: because it lacks openat2(), or because directories are to be made on the way.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct path_walk {
	int flags;	 /* for the last component, as open() has them */
	mode_t mode;	 /* with O_CREAT */
	bool follow;	 /* links, inside the root; otherwise they, and any way out, are errors (ELOOP, EXDEV) */
	bool make_dirs;	 /* make directories that are missing */
	mode_t dir_mode; /* of those */
};

/*
 * Links are read and followed from the root of the walk; those of procfs that are no text but lead to a file itself
 * ("magic links") are refused with ELOOP. Returns an fd (O_CLOEXEC), or -errno: the kernel's for the same case.
 */
int path_walk(int root, const char *path, const struct path_walk *how);
