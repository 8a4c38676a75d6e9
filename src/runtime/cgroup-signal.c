/* SPDX-License-Identifier: Apache-2.0 */
/* Signals to every process of a cgroup and below. */
#include <errno.h>
#include <signal.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/process.h"
#include "base/time.h"
#include "base/util.h"
#include "runtime/cgroup-internal.h"

enum {
	CHUNK = 128,	       /* pidfds open at a time */
	KILL_PASSES_MAX = 100, /* against one that forks faster than it is killed */
};

/* Freezing is a help here, not a condition: a process in an uninterruptible sleep must not keep the others alive. */
static const int64_t FREEZE_TIMEOUT_NS = 200 * NSEC_PER_MSEC;

/* pidfds may be denied by a sandbox; then the pid itself is all there is. */
static void signal_one(int pidfd, pid_t pid, int sig)
{
	if (pidfd >= 0)
		(void)process_signal(pidfd, sig);
	else if (pidfd != -ESRCH)
		(void)kill(pid, sig);
}

/* The processes of a chunk: a pidfd for each, then another look at who is in, then the signal (invariant 2). */
static int signal_chunk(const struct cgroup_tree *tree, const pid_t *pids, size_t count, int sig)
{
	_cleanup_pid_list_ struct pid_list still = { 0 };
	int pidfds[CHUNK];
	for (size_t i = 0; i < count; i++)
		pidfds[i] = process_pidfd(pids[i]);
	int r = cgroup_read_pids_below(tree->fd, &still);
	pid_list_sort(&still);
	for (size_t i = 0; i < count; i++) {
		if (r == 0 && pid_list_contains(&still, pids[i]))
			signal_one(pidfds[i], pids[i], sig);
		fd_close(pidfds[i]);
	}
	return r;
}

static int signal_listed(const struct cgroup_tree *tree, const struct pid_list *list, int sig)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < list->count; i += CHUNK)
		r = signal_chunk(tree, list->pids + i, MIN(list->count - i, (size_t)CHUNK), sig);
	return r;
}

static bool has_news(const struct pid_list *list, const struct pid_list *sorted)
{
	for (size_t i = 0; i < list->count; i++)
		if (!pid_list_contains(sorted, list->pids[i]))
			return true;
	return false;
}

/* Until everybody who is in has been killed once: whoever forked before that shows up in the next pass. */
static int kill_passes(const struct cgroup_tree *tree)
{
	_cleanup_pid_list_ struct pid_list killed = { 0 };
	for (int pass = 0; pass < KILL_PASSES_MAX; pass++) {
		_cleanup_pid_list_ struct pid_list list = { 0 };
		int r = cgroup_read_pids_below(tree->fd, &list);
		if (r < 0 || !has_news(&list, &killed))
			return r;
		r = signal_listed(tree, &list, SIGKILL);
		if (r < 0)
			return r;
		pid_list_done(&killed);
		killed = list;
		list = (struct pid_list){ 0 };
		pid_list_sort(&killed);
	}
	return 0;
}

int cgroup_kill_each(const struct cgroup_tree *tree, const struct cgroup_tree *freezer)
{
	if (freezer)
		(void)cgroup_freezer_set(freezer, true, FREEZE_TIMEOUT_NS);
	int r = kill_passes(tree);
	if (freezer) /* v1: frozen processes die when they are thawed */
		(void)cgroup_freezer_set(freezer, false, 0);
	return r;
}

static const struct cgroup_tree *signal_tree(const struct cgroup *cgroup, struct error *err)
{
	const struct cgroup_tree *tree = cgroup_main_tree(cgroup);
	if (!tree)
		err_set(err, ERR_UNSUPPORTED, "cgroup '%s' is in no hierarchy: its processes are not known",
			cgroup->path);
	return tree;
}

int cgroup_pids(struct cgroup *cgroup, pid_t **ret, size_t *ret_count, struct error *err)
{
	_cleanup_pid_list_ struct pid_list list = { 0 };
	const struct cgroup_tree *tree = signal_tree(cgroup, err);
	if (!tree)
		return -ERR_UNSUPPORTED;
	int r = cgroup_read_pids_below(tree->fd, &list);
	if (r < 0)
		return err_sys_code(err, ERR_CGROUP, -r, "list the processes of cgroup '%s%s'", tree->mount_point,
				    cgroup->path);
	*ret = TAKE_PTR(list.pids);
	*ret_count = list.count;
	return 0;
}

int cgroup_kill(struct cgroup *cgroup, struct error *err)
{
	const struct cgroup_tree *tree = signal_tree(cgroup, err);
	if (!tree)
		return -ERR_UNSUPPORTED;
	/* Since Linux 5.14, and not in threaded cgroups. */
	if (tree->v2 && file_write_line(tree->fd, "cgroup.kill", "1") == 0)
		return 0;
	int r = cgroup_kill_each(tree, cgroup_freezer_tree(cgroup));
	return r < 0 ? err_sys_code(err, ERR_CGROUP, -r, "kill the processes of cgroup '%s%s'", tree->mount_point,
				    cgroup->path)
		     : 0;
}

int cgroup_signal(struct cgroup *cgroup, int sig, struct error *err)
{
	if (sig == SIGKILL)
		return cgroup_kill(cgroup, err);
	_cleanup_pid_list_ struct pid_list list = { 0 };
	const struct cgroup_tree *tree = signal_tree(cgroup, err);
	if (!tree)
		return -ERR_UNSUPPORTED;
	/* Nobody comes to life between the look and the signal. What was frozen before stays so. */
	const struct cgroup_tree *freezer = cgroup_freezer_tree(cgroup);
	bool was_frozen = true;
	if (freezer && cgroup_freezer_get(freezer, &was_frozen) == 0 && !was_frozen)
		(void)cgroup_freezer_set(freezer, true, FREEZE_TIMEOUT_NS);
	int r = cgroup_read_pids_below(tree->fd, &list);
	if (r == 0)
		r = signal_listed(tree, &list, sig);
	if (!was_frozen)
		(void)cgroup_freezer_set(freezer, false, 0);
	return r < 0 ? err_sys_code(err, ERR_CGROUP, -r, "send SIG%s to the processes of cgroup '%s%s'",
				    signal_name(sig), tree->mount_point, cgroup->path)
		     : 0;
}
