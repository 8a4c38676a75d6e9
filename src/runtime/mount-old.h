/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount(2), for where the calls of mount.h are missing or refused. It knows only paths: /proc/self/fd/N is one that is not
 * walked, and a mount that was made is found again by its name only if its id, as the kernel lists it, is the new one.
 *
 * Sources: mount(2); proc(5), mountinfo and fdinfo; statx(2), STATX_MNT_ID (Linux 5.8).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "runtime/mount-place.h"

/*
 * Bind what @source stands for (an fd of our own mount namespace) on @place. Returns an fd of the mount.
 * Errors: ERR_MOUNT; ERR_MNT_TYPE as mount_attach().
 */
int mount_old_bind(int source, bool recursive, const struct mount_place *place, struct error *err);

/* A new file system on @place, with the attributes of @attributes. Returns an fd of the mount. */
int mount_old_new(const struct mount_file_system *fs, uint64_t attributes, const struct mount_place *place,
		  struct error *err);

/* As mount_change() and mount_set_propagation(), for an attached mount. */
int mount_old_change(int mount, uint64_t set, uint64_t clear, bool recursive, struct error *err);
int mount_old_set_propagation(int mount, unsigned long propagation, bool recursive, struct error *err);
