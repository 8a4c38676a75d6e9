/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts as file descriptors: made detached, given their attributes, and only then put in place, by fd. A target is
 * resolved once, inside the root filesystem, to an fd; nothing of a container can move it afterwards.
 *
 * Linux 5.2 has these calls but mount_setattr(), which came with 5.12, and an outer sandbox may refuse any of them:
 * mount_can() tells, and mount-place.h does the same without.
 *
 * Sources: fsopen(2), fsmount(2), open_tree(2), move_mount(2), mount_setattr(2).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/str.h"

enum mount_ability {
	MOUNT_CAN_CLONE,  /* open_tree(), move_mount() */
	MOUNT_CAN_MAKE,   /* fsopen(), fsconfig(), fsmount(), move_mount() */
	MOUNT_CAN_CHANGE, /* mount_setattr() */
	MOUNT_ABILITY_COUNT,
};

/* Whether these calls exist here and are permitted; asked once, by calling them with what cannot do anything. */
bool mount_can(enum mount_ability ability);

/* What is to become of a mount. Zeroed: nothing. */
struct mount_change {
	uint64_t set, clear;	       /* MOUNT_ATTR_*, of this mount */
	uint64_t tree_set, tree_clear; /* of it and all mounts below it; after those of this mount */
	unsigned long propagation;     /* MS_SHARED, MS_PRIVATE, MS_SLAVE, MS_UNBINDABLE, or 0 */
	bool propagation_recursive;
};

/*
 * A new instance of file system @type with @data (strv of "key=value" or "flag") and MOUNT_ATTR_* @attributes.
 * @superblock has MS_* flags of the superblock. Returns the fd of a detached mount; on failure the kernel's own words,
 * where it has any, are the cause.
 */
int mount_new(const char *type, const char *source, const char *const *data, uint64_t attributes, unsigned long superblock,
	      struct error *err);

/* Change the options of the file system that is mounted at @mount, as "remount" does. */
int mount_reconfigure(int mount, const char *const *data, struct error *err);

/* A detached copy of what is at @fd (with all mounts below it if @recursive). Returns the fd. */
int mount_clone(int fd, bool recursive, struct error *err);

/* Change attributes of a mount (or the tree below it). Without mount_setattr(), only of one that is attached. */
int mount_change(int mount, uint64_t set, uint64_t clear, bool recursive, struct error *err);

/* Change the propagation, by MS_SHARED, MS_PRIVATE, MS_SLAVE or MS_UNBINDABLE. */
int mount_set_propagation(int mount, unsigned long propagation, bool recursive, struct error *err);

/* All of @change. */
int mount_apply(int mount, const struct mount_change *change, struct error *err);

/* Show the ids of the detached @mount as the user namespace (an fd) maps them. Errors: ERR_IDMAP, ERR_UNSUPPORTED. */
int mount_map_ids(int mount, int user_namespace, bool recursive, struct error *err);

/* Put the detached @mount on @target (an O_PATH fd). @mount stays open and now stands for the place. */
int mount_attach(int mount, int target, const char *name, struct error *err);

/* The words for a file that is to be mounted on a directory, or the other way round: ERR_MNT_TYPE. */
int mount_type_mismatch(mode_t from, mode_t to, const char *name, struct error *err);

/* The host's /dev/null (O_PATH), checked to be the real one, to hide files behind. */
int mount_open_null_device(struct error *err);
