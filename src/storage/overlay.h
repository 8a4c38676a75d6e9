/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Overlay mounts by the new mount API, as detached mounts: whoever holds the fd holds the mount, so a crash leaves
 * nothing mounted anywhere on the host.
 *
 * Source: kernel Documentation/filesystems/overlayfs.rst; fsopen(2), fsconfig(2), fsmount(2).
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* Overlayfs takes no more lower directories (OVL_MAX_STACK in the kernel's fs/overlayfs/params.h). */
enum { OVERLAY_LOWER_MAX = 500 };

struct overlay_options {
	char *const *lower; /* directories, TOPMOST FIRST (an image's layer list is the other way round); strv */
	const char *upper;  /* NULL (with work): a read-only view */
	const char *work;   /* empty, and on the file system of upper */
	bool ephemeral;	    /* what is written need not survive a crash: nothing waits for the disk */
	bool userxattr;	    /* user.overlay.* instead of trusted.overlay.*, for unprivileged mounts */
	bool fuse;	    /* by fuse-overlayfs(1), not by the kernel; without a user namespace */
	/*
	 * An fd of a user namespace: ids on disk are its ids, and the view shows whom it maps them to; of what has no id in
	 * it, nothing can be made. NULL: ids are what they are.
	 */
	const int *user_namespace;
};

/*
 * Lower directories are given one by one (lowerdir+, kernel 6.8 and later: up to 500), else in one option, which bounds
 * their number by a page: some 200; that is told apart by trying. Those below a layer whose root is opaque are left
 * away. A single lower directory without an upper gets a read-only bind mount.
 *
 * What the container changes is in the upper directory whole: directories are not redirected, and files not copied up
 * by their metadata alone (redirect_dir=nofollow, metacopy=off, index=off).
 *
 * Returns an fd of the detached mount. On older kernels this may fork, so the caller must have no threads.
 * Errors: ERR_UNSUPPORTED (no overlayfs here, a file system that cannot be an upper directory, too many layers),
 * ERR_NOT_FOUND (a directory is missing), ERR_MOUNT with the kernel's own words out of the fs context's log; with a user
 * namespace ERR_IDMAP (a file system that cannot map ids, or we may not).
 */
int overlay_mount(const struct overlay_options *options, struct error *err);

/*
 * What is at @path of a mount that is attached nowhere, alone: a directory or a file. Links on the way end in the mount, so
 * nothing outside of it is reached. Forks, and @whole is of no more use than to be closed. Returns an fd of the detached
 * mount. Errors: ERR_MNT_SRC.
 */
int overlay_part(int whole, const char *path, struct error *err);

/* Whether overlays can be had by fuse-overlayfs(1). Errors: ERR_UNSUPPORTED, ERR_PERMISSION, with what to do. */
int overlay_probe_fuse(struct error *err);

/* The directory @path alone, writable, with ids as @user_namespace (an fd) maps them: the same for a copy of an image. */
int overlay_mount_copy(const char *path, int user_namespace, struct error *err);
