/* SPDX-License-Identifier: Apache-2.0 */
/* container_kill() and container_delete(). */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/process.h"
#include "base/util.h"
#include "runtime/cgroup-driver.h"
#include "runtime/procfs.h"
#include "runtime/state.h"

static int open_cgroup(const struct container *container, struct cgroup **ret, struct error *err)
{
	struct error why = { 0 };
	int r = *container->cgroup_path ? cgroup_open(container->cgroup_path, ret, &why) : -ERR_NOT_FOUND;
	if (r == -ERR_NOT_FOUND)
		return 0;
	if (r < 0 && err)
		*err = why;
	return r < 0 ? r : 1;
}

int container_kill(struct container *container, int sig, bool all, struct error *err)
{
	enum container_status status;
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	int r = container_status(container, &status, err);
	if (r < 0)
		return r;
	/* In the host's pid namespace the others outlive the first; whoever kills that means the container. */
	bool everything = all || (sig == SIGKILL && container->host_pid), thaw = sig == SIGKILL && status == CONTAINER_PAUSED;
	if ((everything || thaw) && (r = open_cgroup(container, &cgroup, err)) < 0)
		return r;
	if (everything && cgroup)
		return cgroup_signal(cgroup, sig, err);
	if (status == CONTAINER_STOPPED || status == CONTAINER_CREATING)
		return all ? 0 :
			     err_set(err, ERR_STATE, "container not running: '%s' is %s", container->id,
				     container_status_name(status));
	_cleanup_close_ int pidfd = process_pidfd_checked(container->pid, container->start_time);
	r = pidfd < 0 ? pidfd : process_signal(pidfd, sig);
	if (r == -ESRCH)
		return err_set(err, ERR_STATE, "container not running: '%s' has just ended", container->id);
	if (r < 0)
		return err_sys(err, -r, "send SIG%s to container '%s'", signal_name(sig), container->id);
	/* v1: who is frozen dies once he is thawed. */
	if (thaw && cgroup)
		(void)cgroup_freeze(cgroup, false, NULL);
	return 0;
}

/* --- delete --- */

/* Wait until the init process is dead, at most about ten seconds. */
static int await_end(const struct container *container, struct error *err)
{
	enum { PATIENCE_MS = 10 * 1000 };
	_cleanup_close_ int pidfd = process_pidfd_checked(container->pid, container->start_time);
	if (pidfd < 0)
		return 0;
	struct pollfd event = { .fd = pidfd, .events = POLLIN };
	if (RETRY_ON_EINTR(poll(&event, 1, PATIENCE_MS)) > 0)
		return 0;
	return err_set(err, ERR_BUSY, "container '%s' (pid %d) does not die of SIGKILL", container->id, container->pid);
}

static int kill_everything(const struct container *container, struct cgroup *cgroup, struct error *err)
{
	_cleanup_close_ int pidfd = process_pidfd_checked(container->pid, container->start_time);
	int r = 0;
	if (pidfd >= 0)
		(void)process_signal(pidfd, SIGKILL);
	if (cgroup)
		r = cgroup_kill(cgroup, err);
	return r < 0 ? r : await_end(container, err);
}

/*
 * Members of the container's pid namespace are dead when its first process is. Others are not: those of a container
 * without one, and those that were put into the cgroup from outside.
 */
static bool has_processes(struct cgroup *cgroup)
{
	_cleanup_free_ pid_t *pids = NULL;
	size_t count = 0;
	return cgroup_pids(cgroup, &pids, &count, NULL) == 0 && count > 0;
}

/* Who made the cgroup gives it back, also if the directory is gone: systemd remembers scopes that have failed. */
static int let_driver_destroy(const struct container *container, bool force, struct error *err)
{
	const struct cgroup_driver *driver = cgroup_driver_of(container);
	struct error why = { 0 };
	int r = driver->destroy ? driver->destroy(container, &why) : 0;
	if (r < 0 && force)
		log_failure(LOG_LEVEL_WARN, "delete container", &why);
	else if (r < 0 && err)
		*err = why;
	return force ? 0 : r;
}

static int destroy_cgroup(const struct container *container, struct cgroup *cgroup, bool force, struct error *err)
{
	bool kill = cgroup && (container->host_pid || (force && has_processes(cgroup)));
	int r = kill ? cgroup_kill(cgroup, err) : 0;
	if (r < 0 || (r = let_driver_destroy(container, force, err)) < 0)
		return r;
	if (cgroup)
		r = cgroup_destroy(cgroup, err);
	cgroup_protection_changed(container);
	return r;
}

/* One that was never started is killed as with @force: engines that give up between create and start rely on it. */
static bool may_kill(enum container_status status, bool force)
{
	return force || status == CONTAINER_CREATED;
}

/* A group that stays behind is one too many for the processor, but nothing that a second try would change. */
static void remove_resctrl(const struct container *container)
{
	struct error why = { 0 };
	if (!container->resctrl.group)
		return;
	_cleanup_close_ int proc = procfs_open(&why);
	_cleanup_close_ int root = proc < 0 ? -1 : resctrl_open(proc, &why);
	if (root < 0 || resctrl_remove(root, &container->resctrl, &why) < 0)
		log_failure(LOG_LEVEL_WARN, "delete container", &why);
}

int container_delete(struct container *container, bool force, struct error *err)
{
	enum container_status status;
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	_cleanup_close_ int dir = state_lock(container, &status, err);
	int r = dir;
	if (r < 0)
		return r;
	if (status != CONTAINER_STOPPED && !may_kill(status, force)) {
		r = err_set(err, ERR_STATE, "cannot delete container '%s' that is not stopped: it is %s", container->id,
			    container_status_name(status));
		err_hint(err, "coffer-runtime delete --force %s", container->id);
		return r;
	}
	if ((r = open_cgroup(container, &cgroup, err)) < 0)
		return r;
	if (may_kill(status, force) && (status != CONTAINER_STOPPED || container->host_pid) &&
	    (r = kill_everything(container, cgroup, err)) < 0)
		return r;
	if ((r = destroy_cgroup(container, cgroup, force, err)) < 0)
		return r;
	remove_resctrl(container);
	r = state_remove(container->root, container->id, err);
	container_run_poststop(container);
	return r;
}

int container_forget(const char *root, const char *id, struct error *err)
{
	_cleanup_close_ int dir = state_open(root, id, true, err);
	return dir < 0 ? dir : state_remove(root, id, err);
}
