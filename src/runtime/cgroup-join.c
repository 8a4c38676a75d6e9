/* SPDX-License-Identifier: Apache-2.0 */
/* Processes go in. Sources: cgroups(7); cgroup-v2.rst, "Processes", "Threads", "No Internal Process Constraint". */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "runtime/cgroup-internal.h"

static void explain_no_space(const struct cgroup_tree *tree, struct error *err)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };
	for (size_t i = 0; i < 2; i++) {
		char text[64];
		if (file_read_line(tree->fd, files[i], text, sizeof text) == 0)
			err_cause(err, "its %s is empty", files[i]);
	}
}

static void explain_not_a_leaf(const struct cgroup_tree *tree, struct error *err)
{
	char text[256];
	if (tree->v2 && file_read_line(tree->fd, "cgroup.subtree_control", text, sizeof text) > 0)
		err_cause(err, "it hands controllers (%s) down to cgroups below it, so it cannot hold processes itself",
			  text);
	if (tree->v2 && file_read_line(tree->fd, "cgroup.type", text, sizeof text) > 0 && !streq(text, "domain"))
		err_cause(err, "its cgroup.type is \"%s\"", text);
}

static void explain_realtime(const struct cgroup_tree *tree, pid_t pid, struct error *err)
{
	uint64_t runtime;
	int policy = sched_getscheduler(pid);
	if (cgroup_read_u64(tree, "cpu.rt_runtime_us", &runtime) && runtime == 0 &&
	    (policy == SCHED_FIFO || policy == SCHED_RR))
		err_cause(err, "the process has a realtime policy, and cpu.rt_runtime_us of the cgroup is 0");
}

/* @pid is 0 for ourselves. */
static int join_error(const struct cgroup *cgroup, const struct cgroup_tree *tree, pid_t pid, int r, struct error *err)
{
	_cleanup_free_ char *path = cgroup_tree_path(tree, cgroup->path);
	err_sys_code(err, ERR_CGROUP, -r, "put process %d in cgroup '%s'", pid ? pid : getpid(), path);
	if (r == -ENOSPC)
		explain_no_space(tree, err);
	if (r == -EBUSY || r == -EOPNOTSUPP)
		explain_not_a_leaf(tree, err);
	if (r == -EINVAL)
		explain_realtime(tree, pid, err);
	return -ERR_CGROUP;
}

/*
 * The program in the container may have divided its cgroup, as systemd does, and now the cgroup cannot hold processes
 * any more. A newcomer goes where the oldest process is, which is most likely the container's first.
 */
static int join_beside_oldest(int dir, const char *pid, pid_t oldest)
{
	_cleanup_strv_ char **children = NULL;
	int r = cgroup_list_children(dir, &children);
	for (char **name = children; r == 0 && name && *name; name++) {
		_cleanup_pid_list_ struct pid_list list = { 0 };
		_cleanup_close_ int child = openat(dir, *name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (child < 0 || cgroup_read_pids_below(child, &list) < 0)
			continue;
		pid_list_sort(&list);
		if (!pid_list_contains(&list, oldest))
			continue;
		r = file_write_line(child, "cgroup.procs", pid);
		return r == -EBUSY ? join_beside_oldest(child, pid, oldest) : r;
	}
	return -EBUSY;
}

static int join_divided(const struct cgroup_tree *tree, const char *pid)
{
	_cleanup_pid_list_ struct pid_list list = { 0 };
	int r = cgroup_read_pids_below(tree->fd, &list);
	if (r < 0 || list.count == 0)
		return -EBUSY;
	pid_list_sort(&list);
	log_debug("cgroup '%s' is divided: joining process %d", tree->mount_point, list.pids[0]);
	return join_beside_oldest(tree->fd, pid, list.pids[0]);
}

/* Whoever joins a frozen cgroup stops there and then, maybe with a lock in hand that others wait for. */
int cgroup_refuse_frozen(const struct cgroup *cgroup, struct error *err)
{
	bool frozen;
	const struct cgroup_tree *tree = cgroup->fresh || cgroup->allow_frozen ? NULL : cgroup_freezer_tree(cgroup);
	if (!tree || cgroup_freezer_get(tree, &frozen) < 0 || !frozen)
		return 0;
	return err_set(err, ERR_STATE, "put a process in cgroup '%s': it is frozen", cgroup->path);
}

/* @v1_file and @text are what a v1 tree gets; a v2 tree gets @text in cgroup.procs. */
static int join(const struct cgroup *cgroup, const char *v1_file, pid_t pid, bool cloned_into, struct error *err)
{
	char text[16];
	int r = cgroup->expected ? 0 : cgroup_refuse_frozen(cgroup, err);
	if (r < 0 || cgroup->expected)
		return r;
	snprintf(text, sizeof text, "%d", pid);
	for (size_t i = 0; i < cgroup->n_trees; i++) {
		const struct cgroup_tree *tree = &cgroup->trees[i];
		if (tree->v2 && cloned_into)
			continue;
		r = file_write_line(tree->fd, tree->v2 ? "cgroup.procs" : v1_file, text);
		if (r == -EBUSY && tree->v2 && !cgroup->exact)
			r = join_divided(tree, text);
		if (r < 0)
			return join_error(cgroup, tree, pid, r, err);
	}
	return 0;
}

int cgroup_join(struct cgroup *cgroup, pid_t pid, bool cloned_into, struct error *err)
{
	if (pid <= 0) /* 0 would be ourselves */
		return err_set(err, ERR_INTERNAL, "put process %d in a cgroup", pid);
	return join(cgroup, "cgroup.procs", pid, cloned_into, err);
}

int cgroup_join_self(struct cgroup *cgroup, bool cloned_into, struct error *err)
{
	return join(cgroup, "tasks", 0, cloned_into, err);
}
