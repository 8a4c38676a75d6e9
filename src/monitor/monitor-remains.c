/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a container whose monitor was killed. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/process.h"
#include "base/time.h"
#include "base/util.h"
#include "monitor/monitor.h"
#include "runtime/container.h"

/*
 * PIDFD_GET_INFO: how any process ended, after its parent has collected it; for whom has held a pidfd before.
 * Source: include/uapi/linux/pidfd.h (kernel 6.13, PIDFD_INFO_EXIT 6.15); this is the first 64 bytes of the struct, which
 * is as much as the kernel then fills in.
 */
struct pidfd_info_v0 {
	uint64_t mask, cgroupid;
	uint32_t pid, tgid, ppid;
	uint32_t ids[8];
	int32_t exit_code;
};
#define GET_INFO _IOWR(0xff, 11, struct pidfd_info_v0)
enum { INFO_EXIT = 1 << 3 };
static_assert(sizeof(struct pidfd_info_v0) == 64, "the size is part of the ioctl's number");

static bool read_wait_status(int pidfd, int *ret)
{
	struct pidfd_info_v0 info = { .mask = INFO_EXIT };
	if (ioctl(pidfd, GET_INFO, &info) < 0 || !(info.mask & INFO_EXIT))
		return false;
	*ret = info.exit_code;
	return true;
}

/* The new parent, some init or subreaper, collects a dead process in a moment; until then the kernel says nothing. */
static bool wait_for_status(int pidfd, int *ret)
{
	enum { TRIES = 50, PAUSE_US = 2000 };
	for (int i = 0; i < TRIES; i++) {
		if (read_wait_status(pidfd, ret))
			return true;
		usleep(PAUSE_US);
	}
	return false;
}

/*
 * A pidfd of its first process, or -1 if it is gone. *ret_alive is false for one that has ended by itself and only waits
 * to be collected.
 */
static int find_first_process(const struct container *container, bool *ret_alive)
{
	int pidfd = process_pidfd_checked(container->pid, container->start_time);
	char state = 'Z';
	(void)process_start_time(container->pid, &state);
	*ret_alive = pidfd >= 0 && state != 'Z' && state != 'X';
	return pidfd;
}

static void find_end(int pidfd, bool was_alive, struct monitor_status *status)
{
	int wait_status = SIGKILL; /* ours, if the kernel is too old to say */
	bool known = pidfd >= 0 && (wait_for_status(pidfd, &wait_status) || was_alive);
	bool between_runs = status->state == MONITOR_STATE_RESTARTING && pidfd < 0;
	status->state = MONITOR_STATE_EXITED;
	err_set(&status->error, ERR_CANCELLED, "the container's monitor died");
	status->death = (struct death){ .cause = DEATH_MONITOR_LOST, .by = "unknown" };
	if (between_runs)
		return; /* as its last run did */
	status->finished_at = time_now_ns();
	if (!known) {
		status->exit_code = 255;
		err_cause(&status->error, "the exit status was lost with it");
		return;
	}
	status->exit_code = process_exit_code(wait_status);
	status->signal = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
}

static int read_status(int dir, struct monitor_status *ret, struct error *err)
{
	struct error failure = { 0 };
	int r = monitor_status_read(dir, ret, &failure);
	if (r == -ERR_NOT_FOUND || r == -ERR_INTERNAL)
		return 0; /* it did not get so far, or nobody can read it: then nobody knows */
	if (r < 0 && err)
		*err = failure;
	return r;
}

int monitor_remains_clear(int dir, const char *runtime_root, const char *id, struct monitor_status *ret_status,
			  struct error *err)
{
	struct monitor_status status = { .memory_limit = -1, .memory_peak = -1 };
	_cleanup_container_ struct container *container = NULL;
	_cleanup_close_ int pidfd = -1;
	bool was_alive = false;
	int r = read_status(dir, &status, err);
	if (r < 0)
		return r;
	r = container_load(runtime_root, id, &container, err);
	if (r < 0 && r != -ERR_NO_CONTAINER)
		return r;
	if (container) {
		pidfd = find_first_process(container, &was_alive);
		if ((r = container_delete(container, true, err)) < 0)
			return r;
	}
	(void)unlinkat(dir, MONITOR_SOCKET, 0);
	if (status.state != MONITOR_STATE_EXITED) {
		find_end(pidfd, was_alive, &status);
		if ((r = monitor_status_write(&status, dir, err)) < 0)
			return r;
	}
	*ret_status = status;
	return 0;
}
