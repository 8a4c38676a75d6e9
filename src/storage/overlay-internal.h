/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What overlay.c hands to overlay-legacy.c: kernels before 6.8, which lack "lowerdir+" (and those before 6.5, more); and to
 * overlay-mapped.c and overlay-fuse.c.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "base/str.h"
#include "storage/overlay.h"

/* fsconfig(2) takes values of at most 255 bytes. */
enum { OVERLAY_VALUE_MAX = 255 };

/* Options besides the directories, as key and value (NULL: a flag). */
struct overlay_setting {
	const char *key, *value;
};
extern const struct overlay_setting overlay_settings[];
extern const size_t overlay_n_settings;

/* The name of the extended attribute that makes a directory opaque. */
const char *overlay_opaque_xattr(const struct overlay_options *options);

/*
 * The directories as fds, for the paths "/proc/self/fd/N", which are short and need no escaping whatever the directory
 * is called: the first @n_lower of the lower ones in their order, and upper and work if the options have them.
 */
struct overlay_fds {
	int *lower;
	size_t n_lower;
	int upper, work; /* -1 if there are none */
};
#define OVERLAY_FDS_NONE { .upper = -1, .work = -1 }

/* @ret has to be OVERLAY_FDS_NONE before; on failure it holds what was opened until then. */
int overlay_open_directories(const struct overlay_options *options, size_t n_lower, struct overlay_fds *ret,
			     struct error *err);
void overlay_fds_done(struct overlay_fds *fds);
#define _cleanup_overlay_fds_ _cleanup_(overlay_fds_done)

/* The lower directories in one string, "/proc/self/fd/5:/proc/self/fd/6". */
void overlay_join_lowers(const struct overlay_fds *fds, struct str *ret);

/* A mount by the new API with all lower directories in one string, or by overlay_mount_legacy() if that is too long. */
int overlay_mount_joined(const struct overlay_options *options, size_t n_lower, struct error *err);

/* A mount by mount(2), in a mount namespace that lives no longer than this call. Returns an fd of it, detached. */
int overlay_mount_legacy(const struct overlay_options *options, size_t n_lower, struct error *err);

/* The same for a read-only view of one directory (Linux before 5.12). */
int overlay_bind_legacy(const char *path, struct error *err);

/*
 * Have a child of ours call @act in a mount namespace of its own, which ends with it; @act returns an fd of a detached mount,
 * or a code, and so does this.
 */
typedef int overlay_private_fn(const void *what, struct error *err);
int overlay_run_privately(overlay_private_fn *act, const void *what, struct error *err);

/* overlay_mount() with options->user_namespace, and the way that it takes on kernels before 6.15. */
int overlay_mount_mapped(const struct overlay_options *options, struct error *err);
int overlay_mount_covered(const struct overlay_options *options, struct error *err);

/* overlay_mount() with options->fuse. */
int overlay_mount_fuse(const struct overlay_options *options, size_t n_lower, struct error *err);

/* Complain about an overlay that the kernel refused with @sys_errno, after looking for the reason. */
int overlay_refused(const struct overlay_options *options, int sys_errno, struct error *err);
