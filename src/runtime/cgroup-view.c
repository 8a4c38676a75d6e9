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
#include "runtime/mount.h"
#include "runtime/rootfs.h"

/* By its path: the fd in @tree belongs to the creator's mount namespace, and cannot be mounted from in ours. */
static int open_tree_directory(const struct cgroup *cgroup, const struct cgroup_tree *tree, struct error *err)
{
	_cleanup_free_ char *path = path_join(tree->mount_point, cgroup_path(cgroup));
	int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys_code(err, ERR_MOUNT, errno, "open cgroup '%s'", path) : fd;
}

static int attach_tree(const struct cgroup *cgroup, const struct cgroup_tree *tree, uint64_t attributes, int target,
		       const char *name, struct error *err)
{
	_cleanup_close_ int dir = open_tree_directory(cgroup, tree, err);
	_cleanup_close_ int clone = dir < 0 ? dir : mount_clone(dir, false, err);
	int r = clone < 0 ? clone : mount_change(clone, attributes, 0, false, err);
	return r < 0 ? r : mount_attach(clone, target, name, err);
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

/* A folder for each tree, in a small tmpfs. */
static int mount_folders(const struct cgroup *cgroup, uint64_t attributes, int target, const char *destination,
			 struct error *err)
{
	const struct cgroup_tree *trees;
	size_t count = cgroup_trees(cgroup, &trees);
	const char *const data[] = { "mode=755", "size=64k", NULL };
	_cleanup_close_ int folder = mount_new("tmpfs", "cgroup", data, attributes & ~(uint64_t)MOUNT_ATTR_RDONLY, 0, err);
	int r = folder < 0 ? folder : mount_attach(folder, target, destination, err);
	for (size_t i = 0; r >= 0 && i < count; i++) {
		if (mkdirat(folder, trees[i].name, 0755) < 0 || link_controllers(folder, trees[i].name) < 0)
			return err_sys_code(err, ERR_MOUNT, errno, "make '%s/%s'", destination, trees[i].name);
		_cleanup_close_ int place = path_open_beneath(folder, trees[i].name, O_PATH | O_DIRECTORY, 0);
		if (place < 0)
			return err_sys_code(err, ERR_MOUNT, -place, "open '%s/%s'", destination, trees[i].name);
		r = attach_tree(cgroup, &trees[i], attributes, place, trees[i].name, err);
	}
	return r < 0 ? r : mount_change(folder, attributes & MOUNT_ATTR_RDONLY, 0, false, err);
}

int cgroup_view_mount(struct rootfs *rootfs, const char *destination, uint64_t attributes, struct error *err)
{
	const struct cgroup_tree *trees = NULL;
	size_t count = rootfs->cgroup ? cgroup_trees(rootfs->cgroup, &trees) : 0;
	_cleanup_close_ int target = path_make_dirs_in_root(rootfs->mount, destination, 0755);
	if (target < 0)
		return err_sys_code(err, ERR_MOUNT, -target, "make mount point '%s'", destination);
	if (count == 0)
		return 0;
	if (count == 1 && trees[0].v2)
		return attach_tree(rootfs->cgroup, &trees[0], attributes, target, destination, err);
	return mount_folders(rootfs->cgroup, attributes, target, destination, err);
}
