/* SPDX-License-Identifier: Apache-2.0 */
/* What a container sees at /sys/fs/cgroup: its own cgroup, and nothing above it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/util.h"
#include "runtime/rootfs.h"

/* By its path: the fd in @tree belongs to the creator's mount namespace, and cannot be mounted from in ours. */
static int open_tree_directory(const struct cgroup *cgroup, const struct cgroup_tree *tree, struct error *err)
{
	_cleanup_free_ char *path = path_join(tree->mount_point, cgroup_path(cgroup));
	int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys_code(err, ERR_MOUNT, errno, "open cgroup '%s'", path) : fd;
}

static int attach_tree(const struct cgroup *cgroup, const struct cgroup_tree *tree, const struct mount_change *change,
		       const struct mount_place *place, struct error *err)
{
	_cleanup_close_ int dir = open_tree_directory(cgroup, tree, err);
	_cleanup_close_ int mount = dir < 0 ? dir : mount_place_bind(dir, false, place, change, err);
	return MIN(mount, 0);
}

/* "cpu,cpuacct" is also known as "cpu" and "cpuacct". */
static int link_controllers(int dir, const char *name)
{
	if (!strchr(name, ','))
		return 0;
	_cleanup_strv_ char **parts = strv_split(name, ',');
	for (char **part = parts; *part; part++)
		if (symlinkat(name, dir, *part) < 0 && errno != EEXIST)
			return -errno;
	return 0;
}

static int add_folder(const struct cgroup *cgroup, const struct cgroup_tree *tree, int folder,
		      const struct mount_change *change, const char *destination, struct error *err)
{
	if (mkdirat(folder, tree->name, 0755) < 0 || link_controllers(folder, tree->name) < 0)
		return err_sys_code(err, ERR_MOUNT, errno, "make '%s/%s'", destination, tree->name);
	_cleanup_close_ int target = path_open_beneath(folder, tree->name, O_PATH | O_DIRECTORY, 0);
	if (target < 0)
		return err_sys_code(err, ERR_MOUNT, -target, "open '%s/%s'", destination, tree->name);
	const struct mount_place place = { .root = folder, .path = tree->name, .target = target };
	return attach_tree(cgroup, tree, change, &place, err);
}

/* A folder for each tree, in a small tmpfs. */
static int mount_folders(const struct cgroup *cgroup, const struct mount_change *change, const struct mount_place *place,
			 struct error *err)
{
	static const char *const data[] = { "mode=755", "size=64k", NULL };
	static const struct mount_file_system fs = { "tmpfs", "cgroup", data, 0 };
	const struct mount_change writable = { .set = change->set & ~(uint64_t)MOUNT_ATTR_RDONLY };
	const struct cgroup_tree *trees;
	size_t count = cgroup_trees(cgroup, &trees);
	_cleanup_close_ int folder = mount_place_new(&fs, place, &writable, err);
	int r = MIN(folder, 0);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_folder(cgroup, &trees[i], folder, change, place->path, err);
	return r < 0 ? r : mount_change(folder, change->set & MOUNT_ATTR_RDONLY, 0, false, err);
}

/* As for mount(8), options name a hierarchy of v1: "name=systemd", "cpu,cpuacct". NULL: none that the container is in. */
static const struct cgroup_tree *named_tree(const struct cgroup_tree *trees, size_t count, char *const *data)
{
	_cleanup_free_ char *name = strv_join(data, ",");
	for (size_t i = 0; i < count; i++)
		if (trees[i].controllers && streq(trees[i].controllers, name))
			return &trees[i];
	return NULL;
}

int cgroup_view_mount(struct rootfs *rootfs, const struct mount_place *place, const struct mount_change *change,
		      char *const *data, struct error *err)
{
	const struct cgroup_tree *trees = NULL;
	size_t count = rootfs->cgroup ? cgroup_trees(rootfs->cgroup, &trees) : 0;
	const struct cgroup_tree *named = named_tree(trees, count, data);
	if (count == 0)
		return 0;
	if (named)
		return attach_tree(rootfs->cgroup, named, change, place, err);
	if (count == 1 && trees[0].v2)
		return attach_tree(rootfs->cgroup, &trees[0], change, place, err);
	return mount_folders(rootfs->cgroup, change, place, err);
}
