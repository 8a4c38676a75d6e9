/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a container. The order matters: counters are read before the cgroup goes, the output is complete before the
 * log is closed, status.json is written when all else is gone (M1), and whoever waits is told right after that.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/process.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "monitor/monitor-internal.h"

enum { CLEANUP_TIMEOUT_MS = 10 * 1000 };

/* One that was created and never started, or whose start failed. */
static void end_first_process(struct monitor *monitor)
{
	int wait_status;
	if (monitor->ended || monitor->init.pid <= 0)
		return;
	(void)process_signal(monitor->init.pidfd, SIGKILL);
	/* If the runtime has collected it already, there is no such child. */
	(void)process_wait(monitor->init.pid, &wait_status, NULL);
	monitor->ended = true;
}

static int64_t counter(const struct optional_u64 *value)
{
	return value->set && value->value <= INT64_MAX ? (int64_t)value->value : -1;
}

static uint64_t read_counters(struct monitor *monitor)
{
	struct cgroup_oom oom = recorder_read_memory(monitor);
	monitor->status.oom_killed = oom.oom_kill.set && oom.oom_kill.value > 0;
	monitor->status.memory_limit = counter(&oom.limit);
	monitor->status.memory_peak = counter(&oom.peak);
	return oom.oom_kill.set ? oom.oom_kill.value : 0;
}

/* SIGKILL to each of our children, and collect it. Returns how many there were. */
static size_t kill_children(void)
{
	enum { CHILDREN_MAX = 1 << 20 };
	_cleanup_free_ char *text = NULL;
	size_t count = 0;
	int len;
	pid_t pid;
	if (file_read(AT_FDCWD, "/proc/thread-self/children", CHILDREN_MAX, &text, NULL, NULL) < 0)
		return 0;
	for (const char *at = text; sscanf(at, "%d%n", &pid, &len) == 1; at += len, count++)
		(void)kill(pid, SIGKILL);
	for (const char *at = text; sscanf(at, "%d%n", &pid, &len) == 1; at += len)
		(void)RETRY_ON_EINTR(waitpid(pid, NULL, 0));
	return count;
}

/*
 * In the host's pid namespace others outlive the first process, and without a cgroup nothing says whose they are: but they
 * have become our children, a generation after the other.
 */
static void kill_orphans(const struct container *container)
{
	enum { GENERATIONS_MAX = 1000 };
	if (!container->host_pid || *container->cgroup_path)
		return;
	for (int i = 0; i < GENERATIONS_MAX && kill_children() > 0; i++)
		;
}

static void remove_container(struct monitor *monitor, const struct error *failure)
{
	struct error err = { 0 };
	if (!monitor->container) {
		recorder_end(monitor, failure, 0);
		return;
	}
	end_first_process(monitor);
	recorder_end(monitor, failure, read_counters(monitor));
	/* Kills whatever has outlived the first process. A failure is retried by whoever finds the remains. */
	if (container_delete(monitor->container, true, &err) < 0)
		log_failure(LOG_LEVEL_ERROR, "delete the container", &err);
	reap(monitor);
	kill_orphans(monitor->container);
}

static void finish_output(struct monitor *monitor)
{
	if (monitor->status.state == MONITOR_STATE_RUNNING)
		io_drain(monitor);
	io_close(monitor);
}

static void write_status(struct monitor *monitor, enum monitor_state state)
{
	struct error err = { 0 };
	monitor->status.state = state;
	if (monitor_status_write(&monitor->status, monitor->options->dir, &err) < 0)
		log_failure(LOG_LEVEL_ERROR, "record the end", &err);
}

static void note_failure(struct monitor *monitor, const struct error *failure)
{
	struct monitor_status *status = &monitor->status;
	status->error = *failure;
	status->exit_code = err_info(failure->code)->exit_status;
	status->signal = 0;
	status->finished_at = time_now_ns();
}

/* Before anybody can know of it, so that what they do about it comes later in the journal. */
static void record_events(struct monitor *monitor)
{
	event_died(monitor);
	if (monitor->stop.by_stop)
		event_stopped(monitor);
}

/* Whoever holds the lock next, the owner or the cleanup, does what is left to do. */
static void unlock(struct monitor *monitor)
{
	if (monitor->options->lock >= 0)
		(void)flock(monitor->options->lock, LOCK_UN);
}

/* Returns whether an owner knows now. It may be gone by the time we look, having done its work. */
static bool tell_peers(struct monitor *monitor, const struct error *failure)
{
	peers_hear(monitor); /* "I am the owner" may be on its way */
	if (failure) {
		_cleanup_json_ struct json_object *object = json_from_error(failure);
		const char *text = json_text(object);
		deliver_copy(monitor, PACKET_ERROR, text, strlen(text));
	} else {
		_cleanup_free_ char *text = monitor_status_text(&monitor->status);
		deliver_copy(monitor, PACKET_EXIT, text, strlen(text));
	}
	delivery_finish(monitor);
	return monitor->delivery.owner_has_it;
}

static void wait_for_cleanup(pid_t pid, const char *path)
{
	int wait_status;
	struct error err = { 0 };
	_cleanup_close_ int pidfd = process_pidfd(pid);
	struct pollfd wait = { .fd = pidfd, .events = POLLIN };
	int n = pidfd < 0 ? 1 : RETRY_ON_EINTR(poll(&wait, 1, CLEANUP_TIMEOUT_MS));
	if (n == 0)
		log_warn("'%s' takes longer than %d ms, and is left alone", path, CLEANUP_TIMEOUT_MS);
	else if (process_wait(pid, &wait_status, &err) < 0)
		log_failure(LOG_LEVEL_WARN, "clean up", &err);
	else if (process_exit_code(wait_status) != 0)
		log_warn("'%s' failed with status %d", path, process_exit_code(wait_status));
}

static void run_cleanup(struct monitor *monitor)
{
	char **argv = monitor->plan.cleanup;
	struct process_spawn spawn = { .path = argv[0], .argv = argv, .stdio = { -1, -1, -1 }, .new_session = true };
	struct error err = { 0 };
	pid_t pid;
	if (process_spawn(&spawn, &pid, &err) < 0)
		log_failure(LOG_LEVEL_ERROR, "clean up", &err);
	else
		wait_for_cleanup(pid, argv[0]);
}

/* The run is over, and what is of it goes into no later one. */
static void forget_run(struct monitor *monitor)
{
	container_init_done(&monitor->init);
	container_free(TAKE_PTR(monitor->container));
	timer_clear(monitor, TIMER_STOP);
}

bool monitor_end(struct monitor *monitor, const struct error *failure)
{
	bool ran = monitor->status.state == MONITOR_STATE_RUNNING;
	health_end(monitor);
	relay_pause(monitor);
	remove_container(monitor, failure);
	finish_output(monitor);
	if (failure)
		note_failure(monitor, failure);
	monitor->status.log_dropped = monitor->log ? container_log_dropped(monitor->log) : 0;
	bool again = !failure && restart_decide(monitor);
	if (!again)
		relay_end(monitor);
	write_status(monitor, again ? MONITOR_STATE_RESTARTING : MONITOR_STATE_EXITED);
	if (ran)
		record_events(monitor);
	if (!again)
		unlock(monitor);
	monitor->owned = tell_peers(monitor, failure);
	peers_disconnect(monitor);
	forget_run(monitor);
	return again;
}

void monitor_cancel(struct monitor *monitor)
{
	relay_end(monitor);
	write_status(monitor, MONITOR_STATE_EXITED);
	if (monitor->stop.by_stop)
		event_stopped(monitor);
	unlock(monitor);
	monitor->owned = tell_peers(monitor, NULL);
}

void monitor_finish(struct monitor *monitor)
{
	peers_close(monitor);
	container_log_close(TAKE_PTR(monitor->log), time_now_ns());
	if (!monitor->owned && monitor->plan.cleanup)
		run_cleanup(monitor);
}
