/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mount-place.h"

#include "base/cleanup.h"
#include "base/fd.h"
#include "runtime/mount-old.h"

int mount_place(int mount, const struct mount_place *place, const struct mount_change *change, struct error *err)
{
	bool before = mount_can(MOUNT_CAN_CHANGE);
	int r = before ? mount_apply(mount, change, err) : 0;
	if (r == 0)
		r = mount_attach(mount, place->target, place->path, err);
	return r < 0 || before ? r : mount_apply(mount, change, err);
}

int mount_place_bind(int source, bool recursive, const struct mount_place *place, const struct mount_change *change,
		     struct error *err)
{
	bool modern = mount_can(MOUNT_CAN_CLONE);
	_cleanup_close_ int mount = modern ? mount_clone(source, recursive, err) :
					     mount_old_bind(source, recursive, place, err);
	if (mount < 0)
		return mount;
	int r = modern ? mount_place(mount, place, change, err) : mount_apply(mount, change, err);
	return r < 0 ? r : TAKE_FD(mount);
}

/* The limit of fsconfig()'s strings. Source: fsconfig(2), FSCONFIG_SET_STRING. */
enum { OPTION_VALUE_MAX = 255 };

static bool fits(const char *const *data)
{
	for (; data && *data; data++) {
		const char *equals = strchr(*data, '=');
		if (equals && strlen(equals + 1) > OPTION_VALUE_MAX)
			return false;
	}
	return true;
}

int mount_place_new(const struct mount_file_system *fs, const struct mount_place *place, const struct mount_change *change,
		    struct error *err)
{
	bool modern = mount_can(MOUNT_CAN_MAKE) && fits(fs->data);
	/* A new mount has what it was made with, and nothing to clear. */
	struct mount_change rest = *change;
	rest.set = rest.clear = 0;
	_cleanup_close_ int mount =
		modern ? mount_new(fs->type, fs->source, fs->data, change->set, fs->superblock, err) :
			 mount_old_new(fs, change->set, place, err);
	if (mount < 0)
		return mount;
	int r = modern ? mount_place(mount, place, &rest, err) : mount_apply(mount, &rest, err);
	return r < 0 ? r : TAKE_FD(mount);
}
