/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources.cpu.cpus and mems.
 * Sources: config-linux.md, "CPU"; Documentation/admin-guide/cgroup-v1/cpusets.rst; cgroup-v2.rst, "Cpuset".
 */
#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/cgroup-internal.h"
#include "runtime/number-set.h"

enum { LIST_TEXT_MAX = 4096 }; /* as file_read_line() reads them */

static const char *const FILES[] = { "cpuset.cpus", "cpuset.mems" };

static bool cpuset_wanted(const struct spec_resources *resources)
{
	return !str_is_empty(resources->cpu.cpus) || !str_is_empty(resources->cpu.mems);
}

/*
 * v1 refuses what the parent does not have in several ways, v2 takes it and lets it have no effect: so it is looked up
 * first. @available is the parent's file. The kernel knows more forms of lists ("0-31:2/4"): those it will judge itself.
 */
static int check_available(const struct cgroup_tree *tree, const char *requested, const char *available,
			   const char *what, struct error *err)
{
	char text[LIST_TEXT_MAX];
	struct number_set wanted, there;
	if (file_read_line(tree->fd, available, text, sizeof text) <= 0 || number_set_parse(text, &there, NULL) < 0 ||
	    number_set_parse(requested, &wanted, NULL) < 0 || number_set_is_subset(&wanted, &there))
		return 0;
	return err_set(err, ERR_CPU, "requested %s are not available - requested %s, available: %s", what, requested,
		       text);
}

static int apply_list(const struct cgroup_tree *tree, const char *file, const char *list, const char *available,
		      const char *what, struct error *err)
{
	if (str_is_empty(list))
		return 0;
	int r = check_available(tree, list, available, what, err);
	if (r >= 0)
		r = cgroup_write(tree, file, list, err);
	if (r < 0 && err && err->sys_errno == EINVAL)
		r = err_set(err, ERR_CPU, "invalid list of %s: \"%s\"", what, list);
	return r;
}

static int cpuset_apply_v1(const struct cgroup_tree *tree, const struct spec_resources *resources, struct error *err)
{
	int r = apply_list(tree, FILES[0], resources->cpu.cpus, "../cpuset.effective_cpus", "CPUs", err);
	if (r < 0)
		return r;
	return apply_list(tree, FILES[1], resources->cpu.mems, "../cpuset.effective_mems", "memory nodes", err);
}

static int cpuset_apply_v2(const struct cgroup_tree *tree, const struct spec_resources *resources, struct error *err)
{
	int r = apply_list(tree, FILES[0], resources->cpu.cpus, "../cpuset.cpus.effective", "CPUs", err);
	if (r < 0)
		return r;
	return apply_list(tree, FILES[1], resources->cpu.mems, "../cpuset.mems.effective", "memory nodes", err);
}

/* Copy @file from the parent, which is filled first if it is as empty. */
static int inherit_file(int dir, const char *file, unsigned depth)
{
	char text[LIST_TEXT_MAX];
	ssize_t len = file_read_line(dir, file, text, sizeof text);
	if (len != 0)
		return len < 0 ? (int)len : 0;
	if (depth == 0)
		return -ELOOP;
	_cleanup_close_ int parent = openat(dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0)
		return -errno;
	int r = inherit_file(parent, file, depth - 1);
	if (r < 0)
		return r;
	len = file_read_line(parent, file, text, sizeof text);
	return len < 0 ? (int)len : file_write_line(dir, file, text);
}

int cgroup_cpuset_inherit(int dir)
{
	for (size_t i = 0; i < ARRAY_SIZE(FILES); i++) {
		int r = inherit_file(dir, FILES[i], CGROUP_DEPTH_MAX);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct cgroup_controller cgroup_controller_cpuset = {
	.v1_name = "cpuset",
	.v2_name = "cpuset",
	.what = "the cpuset",
	.wanted = cpuset_wanted,
	.apply_v1 = cpuset_apply_v1,
	.apply_v2 = cpuset_apply_v2,
};
