/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a layer's directory says what is not a file: overlayfs' own marks, and one of ours. The attributes have two names:
 * trusted.overlay.*, and user.overlay.* for who is root of a user namespace only. Overlayfs shows neither to a container,
 * and copies neither up, whatever stands behind the prefix.
 *
 * Source: kernel Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories", "User xattr".
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

/* The name is none any more: a character device 0/0. */
bool overlay_is_whiteout(const struct stat *st);

/* Whether an extended attribute is a mark. */
bool overlay_is_mark(const char *xattr);

enum overlay_mark {
	OVERLAY_OPAQUE, /* a directory that shows nothing of those below it */
	OVERLAY_IMPLIED, /* ours: one that its archive has no entry for (storage/parents.h); a layer's own: it has such */
};

/* @dir is an open directory; with O_PATH it needs a /proc. */
bool overlay_is_marked(int dir, enum overlay_mark mark);

/* Returns 0 or -errno. */
int overlay_set_mark(int dir, enum overlay_mark mark);
