/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a cgroup, which comes a moment after its last process's. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/time.h"
#include "base/util.h"
#include "runtime/cgroup-internal.h"

/* For processes that were killed, and do not come to die at once on a busy machine. */
static const int64_t PATIENCE_NS = 5 * NSEC_PER_SEC;

enum { FIRST_SLEEP_US = 50, LONGEST_SLEEP_US = 50000 };

/* Who is still in, by a tree that cannot be removed. */
static int explain_busy(const struct cgroup_tree *tree, const char *path, int r, struct error *err)
{
	_cleanup_pid_list_ struct pid_list list = { 0 };
	if (r != -EBUSY)
		return err_sys_code(err, ERR_CGROUP, -r, "remove cgroup '%s%s'", tree->mount_point, path);
	err_sys_code(err, ERR_BUSY, -r, "remove cgroup '%s%s'", tree->mount_point, path);
	if (cgroup_read_pids_below(tree->fd, &list) == 0 && list.count > 0) {
		_cleanup_free_ char *names = cgroup_describe_pids(&list);
		err_cause(err, "it still holds %s", names);
	}
	return -ERR_BUSY;
}

/* @beside is the cgroup's own name as seen from inside. */
static int remove_tree(const struct cgroup_tree *tree, const char *beside, int64_t deadline)
{
	useconds_t sleep_us = FIRST_SLEEP_US;
	for (;;) {
		int r = cgroup_remove_below(tree->fd, beside);
		if (r != -EBUSY || time_monotonic_ns() >= deadline)
			return r;
		usleep(sleep_us);
		sleep_us = MIN(sleep_us * 2, (useconds_t)LONGEST_SLEEP_US);
	}
}

int cgroup_destroy(struct cgroup *cgroup, struct error *err)
{
	_cleanup_free_ char *beside = mem_printf("../%s", path_base(cgroup->path));
	int64_t deadline = time_monotonic_ns() + PATIENCE_NS;
	int first = 0;
	for (size_t i = 0; i < cgroup->n_trees; i++) {
		int r = remove_tree(&cgroup->trees[i], beside, deadline);
		if (r < 0 && first == 0)
			first = explain_busy(&cgroup->trees[i], cgroup->path, r, err);
	}
	return first;
}
