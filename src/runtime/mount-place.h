/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts to their places, with the calls of mount.h or, where those are missing or refused, by mount(2) (mount-old.h).
 * Attributes are set before a mount is put in place; without mount_setattr() right afterwards, by its fd.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "runtime/mount.h"

/* Where a mount goes: found once, and held. */
struct mount_place {
	int root;	  /* the directory that @path was resolved in */
	const char *path; /* for messages, and for mount(2) */
	bool nofollow;	  /* @path's last component may be a link, and is not followed */
	int target;	  /* O_PATH fd of the place */
};

struct mount_file_system {
	const char *type, *source;
	const char *const *data;  /* strv of "key=value" or "flag" */
	unsigned long superblock; /* MS_* of the superblock */
};

/* Put the detached @mount in its place. */
int mount_place(int mount, const struct mount_place *place, const struct mount_change *change, struct error *err);

/*
 * Bind what @source stands for, which is in our mount namespace and attached. Returns an fd of the mount; that is so for
 * the next one, too.
 */
int mount_place_bind(int source, bool recursive, const struct mount_place *place, const struct mount_change *change,
		     struct error *err);

/* Mount a new file system. */
int mount_place_new(const struct mount_file_system *fs, const struct mount_place *place, const struct mount_change *change,
		    struct error *err);
