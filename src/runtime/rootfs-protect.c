/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs_protect(): what a container may not see or change. Source: config-linux.md, "Masked Paths", "Readonly Paths". */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "runtime/rootfs.h"

/* Put a read-only view of the place over itself. */
static int make_readonly(struct rootfs *rootfs, const char *path, struct error *err)
{
	static const struct mount_change change = { .tree_set = MOUNT_ATTR_RDONLY };
	_cleanup_close_ int target = path_open_in_root(rootfs->mount, path, O_PATH, 0);
	if (target == -ENOENT)
		return 0;
	if (target < 0)
		return err_sys_code(err, ERR_MOUNT, -target, "open '%s' to make it read-only", path);
	const struct mount_place place = { .root = rootfs->mount, .path = path, .target = target };
	_cleanup_close_ int mount = mount_place_bind(target, true, &place, &change, err);
	return mount < 0 ? err_wrap(err, "make '%s' read-only", path) : 0;
}

/* What masked paths are hidden behind; one of each serves all. */
struct masks {
	int null_device;
	int empty_directory;
};

static void masks_done(struct masks *masks)
{
	fd_close(masks->null_device);
	fd_close(masks->empty_directory);
}

/* Only what is attached can be cloned (before Linux 6.15), so the first one is the original. */
static int hide_directory(struct masks *masks, const struct mount_place *place, struct error *err)
{
	static const char *const data[] = { "mode=0555", "size=4k", "nr_inodes=1", NULL };
	static const struct mount_file_system nothing = { "tmpfs", "tmpfs", data, MS_RDONLY };
	static const struct mount_change change = { .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
							   MOUNT_ATTR_NOEXEC };
	static const struct mount_change none = { 0 };
	if (masks->empty_directory < 0)
		return masks->empty_directory = mount_place_new(&nothing, place, &change, err);
	_cleanup_close_ int mount = mount_place_bind(masks->empty_directory, false, place, &none, err);
	return mount;
}

static int hide_file(struct masks *masks, const struct mount_place *place, struct error *err)
{
	static const struct mount_change none = { 0 };
	if (masks->null_device < 0)
		masks->null_device = mount_open_null_device(err);
	_cleanup_close_ int mount = masks->null_device < 0 ?
					    masks->null_device :
					    mount_place_bind(masks->null_device, false, place, &none, err);
	return mount;
}

static int mask_path(struct rootfs *rootfs, struct masks *masks, const char *path, struct error *err)
{
	_cleanup_close_ int target = path_open_in_root(rootfs->mount, path, O_PATH, 0);
	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	struct stat st;
	if (target < 0 || fstat(target, &st) < 0)
		return err_sys_code(err, ERR_MOUNT, target < 0 ? -target : errno, "open '%s' to hide it", path);
	const struct mount_place place = { .root = rootfs->mount, .path = path, .target = target };
	int r = S_ISDIR(st.st_mode) ? hide_directory(masks, &place, err) : hide_file(masks, &place, err);
	return r < 0 ? err_wrap(err, "hide '%s'", path) : 0;
}

int rootfs_protect(struct rootfs *rootfs, struct error *err)
{
	int r;
	for (char **path = rootfs->spec->readonly_paths; path && *path; path++)
		if ((r = make_readonly(rootfs, *path, err)) < 0)
			return r;
	_cleanup_(masks_done) struct masks masks = { -1, -1 };
	for (char **path = rootfs->spec->masked_paths; path && *path; path++)
		if ((r = mask_path(rootfs, &masks, *path, err)) < 0)
			return r;
	if (rootfs->spec->root.readonly && (r = mount_change(rootfs->mount, MOUNT_ATTR_RDONLY, 0, false, err)) < 0)
		return err_wrap(err, "make the root filesystem read-only");
	return 0;
}
