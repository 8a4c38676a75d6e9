/* SPDX-License-Identifier: Apache-2.0 */
/* Directories in one hierarchy, and what the kernel wants done to a new one. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "runtime/cgroup-internal.h"

enum { DIRECTORY_MODE = 0755 };

/*
 * A cpuset of ours that will hold containers' cpusets: the kernel fills them from it, which costs less than if we do.
 * Source: Documentation/admin-guide/cgroup-v1/cgroups.rst, "What does clone_children do ?"
 */
static void prepare_cpuset_parent(int root, const char *path)
{
	_cleanup_close_ int dir = path_open_beneath(root, path, O_PATH | O_DIRECTORY, 0);
	if (dir < 0 || cgroup_cpuset_inherit(dir) < 0)
		return;
	(void)file_write_line(dir, "cgroup.clone_children", "1");
}

/* Make the parents of @path (relative to @root) that are missing. 0 or -errno. */
static int make_parents(int root, const char *path, bool cpuset)
{
	char prefix[PATH_MAX];
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(prefix, sizeof prefix, "%.*s", (int)(slash - path), path);
		if (mkdirat(root, prefix, DIRECTORY_MODE) == 0) {
			if (cpuset)
				prepare_cpuset_parent(root, prefix);
		} else if (errno != EEXIST) {
			return -errno;
		}
	}
	return 0;
}

/* Returns 1 if @path is new, 0 if it was there, or -errno. */
static int make_path(int root, const char *path, bool cpuset)
{
	int made = mkdirat(root, path, DIRECTORY_MODE);
	if (made < 0 && errno == ENOENT) {
		int r = make_parents(root, path, cpuset);
		if (r < 0)
			return r;
		made = mkdirat(root, path, DIRECTORY_MODE);
	}
	if (made == 0)
		return 1;
	return errno == EEXIST ? 0 : -errno;
}

/* v2 says EAGAIN where an ancestor bounds the number or depth of cgroups below it. */
static void explain_bounds(int root, const struct cgroup_mount *mount, const char *path, struct error *err)
{
	static const char *const files[] = { "cgroup.max.descendants", "cgroup.max.depth" };
	char level[PATH_MAX];
	for (const char *end = path; end; end = strchr(end + 1, '/')) {
		snprintf(level, sizeof level, ".%.*s", (int)(end - path), path);
		_cleanup_close_ int dir = path_open_beneath(root, level, O_PATH | O_DIRECTORY, 0);
		for (size_t i = 0; dir >= 0 && i < 2; i++) {
			char value[32];
			if (file_read_line(dir, files[i], value, sizeof value) > 0 && !streq(value, "max"))
				err_cause(err, "'%s%s' has %s in %s", mount->mount_point, level + 1, value, files[i]);
		}
	}
}

/* Removed cgroups keep their ids as long as memory is charged to them, and there are 65535. */
static void explain_ids(int root, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	if (file_read(root, "cgroup.stat", CGROUP_FILE_MAX, &text, NULL, NULL) < 0)
		return;
	const char *dying = strstr(text, "nr_dying_descendants ");
	if (dying)
		err_cause(err, "%.*s removed cgroups still hold memory", (int)strcspn(strchr(dying, ' ') + 1, "\n"),
			  strchr(dying, ' ') + 1);
}

static int make_error(int root, const struct cgroup_mount *mount, const char *path, int r, struct error *err)
{
	err_sys_code(err, ERR_CGROUP, -r, "make cgroup '%s%s'", mount->mount_point, path);
	if (r == -EAGAIN)
		explain_bounds(root, mount, path, err);
	if (r == -ENOSPC)
		explain_ids(root, err);
	return -ERR_CGROUP;
}

/* What a new directory wants before a process may enter it, or limits can be set. 0 or -errno. */
static int prepare(const struct cgroup_mount *mount, const char *path, int fd)
{
	if (cgroup_has_controller(mount->controllers, "cpuset"))
		return cgroup_cpuset_inherit(fd);
	/* On a hybrid machine the v1 trees count and limit; the host's v2 tree is left as it is until a limit needs it. */
	if (mount->controllers || cgroup_layout() != CGROUP_LAYOUT_V2)
		return 0;
	_cleanup_close_ int root = open(mount->mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root >= 0)
		cgroup_enable_controllers(root, path, fd);
	return 0;
}

/* With parents, or one that exists. Returns as make_path() does. */
static int make_slowly(const struct cgroup_mount *mount, const char *path, struct error *err)
{
	_cleanup_close_ int root = open(mount->mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys_code(err, ERR_CGROUP, errno, "open cgroup hierarchy '%s'", mount->mount_point);
	int made = make_path(root, path + 1, cgroup_has_controller(mount->controllers, "cpuset"));
	return made < 0 ? make_error(root, mount, path, made, err) : made;
}

/*
 * The whole path in one call is as good as one from the root's fd, and cheaper: mount points are the host's, the rest
 * was checked, and cgroup file systems have no symbolic links.
 */
int cgroup_make_directory(const struct cgroup_mount *mount, const char *path, bool *ret_made, struct error *err)
{
	_cleanup_free_ char *full = mem_printf("%s%s", mount->mount_point, path);
	int made = mkdir(full, DIRECTORY_MODE) == 0 ? 1 : make_slowly(mount, path, err);
	if (made < 0)
		return made;
	_cleanup_close_ int fd = open(full, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = fd < 0 ? -errno : prepare(mount, path, fd);
	if (r < 0) {
		if (made)
			(void)rmdir(full);
		return err_sys_code(err, ERR_CGROUP, -r, "prepare cgroup '%s'", full);
	}
	*ret_made = made;
	return TAKE_FD(fd);
}
