/* SPDX-License-Identifier: Apache-2.0 */
/*
 * v2: a cgroup has the controllers that its parent hands down in cgroup.subtree_control, and so on up to the root.
 * Source: Documentation/admin-guide/cgroup-v2.rst, "Controlling Controllers".
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/cgroup-internal.h"

/*
 * Those that deal with whole processes' memory and the like come first: where processes are in the way of these, the
 * others must not be tried (see enable_at()).
 */
static const char *const NAMES[] = { "memory", "io", "hugetlb", "rdma", "misc", "cpu", "cpuset", "pids", "dmem" };

/* What every container gets; the rest is enabled when a limit needs it. */
static const controller_set USUAL = (1u << 8) - 1;

static controller_set set_of_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		if (streq(NAMES[i], name))
			return 1u << i;
	return 0;
}

/* cgroup.controllers or cgroup.subtree_control: names with spaces between them. */
static controller_set read_set(int dir, const char *file)
{
	char line[512];
	controller_set set = 0;
	if (file_read_line(dir, file, line, sizeof line) <= 0)
		return 0;
	_cleanup_strv_ char **names = strv_split(line, ' ');
	for (char **name = names; *name; name++)
		set |= set_of_name(*name);
	return set;
}

/* The root of the whole hierarchy has no type. It alone may hand down controllers and hold processes. */
static bool is_real_root(int dir)
{
	return faccessat(dir, "cgroup.type", F_OK, 0) < 0;
}

static int write_set(int dir, controller_set set)
{
	_cleanup_str_ struct str text = { 0 };
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		if (set & 1u << i)
			str_appendf(&text, "%s+%s", text.len ? " " : "", NAMES[i]);
	return file_write_line(dir, "cgroup.subtree_control", str_text(&text));
}

/*
 * Hand @wanted down from @dir to its children, as far as it has them. 0, or -errno of the first that was refused.
 *
 * A cgroup that has processes refuses with EBUSY; but it takes cpu, cpuset and pids, becomes a "domain threaded" cgroup
 * and its children "domain invalid", where no process can go. So it is not even tried.
 */
static int enable_at(int dir, controller_set wanted)
{
	controller_set missing = wanted & read_set(dir, "cgroup.controllers") &
				 ~read_set(dir, "cgroup.subtree_control");
	if (!missing)
		return 0;
	_cleanup_pid_list_ struct pid_list list = { 0 };
	if (!is_real_root(dir) && cgroup_read_pids(dir, &list) == 0 && list.count > 0)
		return -EBUSY;
	int r = write_set(dir, missing);
	if (r == 0)
		return 0;
	/* One write is all or nothing to the kernel; one by one, each that can be had is had. */
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		if ((missing & 1u << i) && write_set(dir, 1u << i) == -EBUSY)
			return -EBUSY;
	return r;
}

/* From @root to the parent of @path. The obstacle is the first. */
static void enable_down(int root, const char *path, controller_set wanted, struct cgroup_obstacle *ret)
{
	*ret = (struct cgroup_obstacle){ 0 };
	for (const char *end = path; end; end = strchr(end + 1, '/')) {
		char level[PATH_MAX];
		snprintf(level, sizeof level, ".%.*s", (int)(end - path), path);
		_cleanup_close_ int dir = path_open_beneath(root, level, O_PATH | O_DIRECTORY, 0);
		int r = dir < 0 ? dir : enable_at(dir, wanted);
		if (r < 0 && ret->sys_errno == 0) {
			ret->sys_errno = -r;
			str_copy(ret->level, sizeof ret->level, level + 1);
		}
	}
}

void cgroup_enable_controllers(int root, const char *path, int leaf)
{
	controller_set missing = USUAL & read_set(root, "cgroup.controllers") & ~read_set(leaf, "cgroup.controllers");
	struct cgroup_obstacle ignored; /* it is found again, and told, when a limit needs the controller */
	if (missing)
		enable_down(root, path, missing, &ignored);
}

int cgroup_need_v2(struct cgroup *cgroup, const char *controller, const char *what, struct error *err)
{
	const struct cgroup_tree *tree = cgroup_v2_tree(cgroup);
	controller_set wanted = set_of_name(controller);
	struct cgroup_obstacle obstacle = { 0 };
	if (!tree)
		return cgroup_explain_missing(cgroup, controller, what, &obstacle, err);
	if (!(cgroup->v2_controllers & wanted))
		cgroup->v2_controllers = read_set(tree->fd, "cgroup.controllers");
	if (cgroup->v2_controllers & wanted)
		return 0;

	_cleanup_close_ int root = open(tree->mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys_code(err, ERR_CGROUP, errno, "open cgroup hierarchy '%s'", tree->mount_point);
	enable_down(root, cgroup->path, wanted, &obstacle);
	cgroup->v2_controllers = read_set(tree->fd, "cgroup.controllers");
	if (cgroup->v2_controllers & wanted)
		return 0;
	return cgroup_explain_missing(cgroup, controller, what, &obstacle, err);
}

bool cgroup_v2_has_name(const char *controller)
{
	return set_of_name(controller) != 0;
}

bool cgroup_offers(int dir, const char *file, const char *controller)
{
	return read_set(dir, file) & set_of_name(controller);
}
