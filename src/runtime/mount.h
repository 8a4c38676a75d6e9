/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts as file descriptors: made detached, given their attributes, and only then put in place, by fd. A target is
 * resolved once, inside the root filesystem, to an fd; nothing of a container can move it afterwards.
 *
 * Needs Linux 5.12, for mount_setattr().
 *
 * Sources: fsopen(2), fsmount(2), open_tree(2), move_mount(2), mount_setattr(2).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

/*
 * A new instance of file system @type with @data (strv of "key=value" or "flag") and MOUNT_ATTR_* @attributes.
 * @superblock has MS_* flags of the superblock. Returns the fd of a detached mount; on failure the kernel's own words,
 * where it has any, are the cause.
 */
int mount_new(const char *type, const char *source, const char *const *data, uint64_t attributes, unsigned long superblock,
	      struct error *err);

/* A detached copy of what is at @fd (with all mounts below it if @recursive). Returns the fd. */
int mount_clone(int fd, bool recursive, struct error *err);

/* Change attributes of a mount (or the tree below it). */
int mount_change(int mount, uint64_t set, uint64_t clear, bool recursive, struct error *err);

/* Change the propagation, by MS_SHARED, MS_PRIVATE, MS_SLAVE or MS_UNBINDABLE. */
int mount_set_propagation(int mount, unsigned long propagation, bool recursive, struct error *err);

/* Put the detached @mount on @target (an O_PATH fd). @mount stays open and now stands for the place. */
int mount_attach(int mount, int target, const char *name, struct error *err);

/* The host's /dev/null (O_PATH), checked to be the real one, to hide files behind. */
int mount_open_null_device(struct error *err);
