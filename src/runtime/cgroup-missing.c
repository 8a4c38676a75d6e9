/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a controller is not there: it may be bound to a v1 hierarchy, switched off at boot, kept back by a cgroup on the
 * way, or in a hierarchy that we may not write to. All is looked up when the error is made, so it is true.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "base/str.h"
#include "runtime/cgroup-internal.h"
#include "runtime/cgroup-permission.h"
#include "runtime/systemd.h"
#include "runtime/user-namespace.h"

static const char *v1_name_of(const char *controller)
{
	return streq(controller, "io") ? "blkio" : controller;
}

/* The line of @v1_name in /proc/cgroups: "memory 4 22 1", with tabs. */
static bool read_proc_cgroups(const char *v1_name, unsigned *ret_hierarchy, unsigned *ret_enabled)
{
	_cleanup_free_ char *text = NULL;
	if (file_read(AT_FDCWD, "/proc/cgroups", CGROUP_FILE_MAX, &text, NULL, NULL) < 0)
		return false;
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	for (char **line = lines; *line; line++) {
		const char *rest = str_after(*line, v1_name);
		if (rest && sscanf(rest, "\t%u\t%*u\t%u", ret_hierarchy, ret_enabled) == 2)
			return true;
	}
	return false;
}

/* A hierarchy that is mounted, where we do have a directory, or may not, or it is gone. */
static void explain_mount(const struct cgroup *cgroup, const struct cgroup_mount *mount, struct error *err)
{
	for (size_t i = 0; i < cgroup->n_trees; i++)
		if (cgroup->trees[i].mount_point == mount->mount_point)
			err_cause(err, "bound to the v1 hierarchy '%s'", mount->mount_point);
	for (size_t i = 0; i < cgroup->n_refusals; i++) {
		char text[128];
		if (cgroup->refusals[i].mount != mount)
			continue;
		err_cause(err, "'%s%s' cannot be made: %s", mount->mount_point, cgroup->path,
			  str_errno(cgroup->refusals[i].sys_errno, text, sizeof text));
		/* A user's own service manager could, but its bus was not found. */
		if (systemd_is_of_user() && systemd_check_running(NULL) >= 0)
			err_hint(err, CGROUP_LINGER_HINT);
		else if (mount->controllers && user_namespace_is_own() && cgroup->refusals[i].sys_errno == EACCES)
			err_hint(err, CGROUP_GIVE_HINT, mount->mount_point);
	}
	err_cause(err, "'%s%s' does not exist", mount->mount_point, cgroup->path);
}

/* The root of the v2 tree has none to hand down. */
static void explain_root(const struct cgroup_tree *tree, const char *controller, struct error *err)
{
	unsigned hierarchy, enabled;
	const char *v1_name = v1_name_of(controller);
	if (read_proc_cgroups(v1_name, &hierarchy, &enabled)) {
		if (!enabled)
			err_cause(err, "the kernel was booted with \"%s\" disabled", v1_name);
		if (hierarchy != 0)
			err_cause(err, "bound to the v1 hierarchy number %u in /proc/self/cgroup", hierarchy);
	}
	err_cause(err, "missing from cgroup.controllers of '%s'", tree->mount_point);
}

/* The "no internal processes" rule. */
static void explain_processes(const char *level, struct error *err)
{
	_cleanup_close_ int dir = open(level, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_pid_list_ struct pid_list list = { 0 };
	(void)cgroup_read_pids(dir, &list);
	_cleanup_free_ char *names = cgroup_describe_pids(&list);
	err_cause(err,
		  "missing from cgroup.subtree_control of '%s', which cannot have it as it holds processes itself: %s",
		  level, names);
	err_hint(err, "mkdir %s/own; for pid in $(cat %s/cgroup.procs); do echo $pid >%s/own/cgroup.procs; done", level,
		 level, level);
}

/* A cgroup on the way that does not hand it down. */
static void explain_obstacle(const struct cgroup_tree *tree, const char *path, const char *controller,
			     const struct cgroup_obstacle *obstacle, struct error *err)
{
	_cleanup_free_ char *level = cgroup_tree_path(tree, obstacle->level);
	char text[128];
	if (obstacle->sys_errno == EBUSY) {
		explain_processes(level, err);
		return;
	}
	err_cause(err, "missing from cgroup.subtree_control of '%s', and adding it fails: %s", level,
		  str_errno(obstacle->sys_errno, text, sizeof text));
	/* A user's service manager hands down what its own unit was given, whichever level above it that stops at. */
	if (strstr(path, "/user@"))
		err_hint(err, CGROUP_DELEGATE_HINT);
	else if (obstacle->sys_errno == EACCES || obstacle->sys_errno == EPERM)
		err_hint(err, "echo +%s >%s/cgroup.subtree_control", controller, level);
}

static void explain_v2(const struct cgroup_tree *tree, const char *path, const char *controller,
		       const struct cgroup_obstacle *obstacle, struct error *err)
{
	_cleanup_close_ int root = open(tree->mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (!cgroup_offers(root, "cgroup.controllers", controller))
		explain_root(tree, controller, err);
	else if (obstacle->sys_errno != 0)
		explain_obstacle(tree, path, controller, obstacle, err);
}

int cgroup_explain_missing(const struct cgroup *cgroup, const char *controller, const char *what,
			   const struct cgroup_obstacle *obstacle, struct error *err)
{
	const struct cgroup_tree *tree = cgroup_v2_tree(cgroup);
	err_set(err, ERR_CG_CTRL, "apply %s: controller \"%s\" is not available in '%s%s'", what, controller,
		tree ? tree->mount_point : "", cgroup->path);

	const struct cgroup_mounts *mounts = cgroup_mounts();
	const struct cgroup_mount *v2 = NULL;
	for (size_t i = 0; i < mounts->count; i++) {
		const struct cgroup_mount *mount = &mounts->list[i];
		if (!mount->controllers)
			v2 = mount;
		if (cgroup_has_controller(mount->controllers, v1_name_of(controller)))
			explain_mount(cgroup, mount, err);
	}
	/* The first cause stays: what follows counts only if no v1 hierarchy has it. */
	if (tree) {
		explain_v2(tree, cgroup->path, controller, obstacle, err);
	} else if (v2) {
		explain_mount(cgroup, v2, err);
	} else if (mounts->count > 0) {
		err_cause(err, "none of the mounted hierarchies has it");
	} else {
		err_cause(err, "no cgroup hierarchy is mounted");
		err_hint(err, "mount -t cgroup2 cgroup2 /sys/fs/cgroup");
	}
	return -ERR_CG_CTRL;
}
