/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/process.h"
#include "base/time.h"
#include "base/util.h"
#include "monitor/monitor-internal.h"

/* --- Watches --- */

void watch_set(struct monitor *monitor, struct watch *watch, uint32_t events)
{
	if (watch->fd < 0 || watch->events == events)
		return;
	int operation = watch->events == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
	struct epoll_event event = { .events = events, .data.ptr = watch };
	if (epoll_ctl(monitor->epoll, operation, watch->fd, &event) < 0)
		log_error("wait for file %d: error %d", watch->fd, errno);
	else
		watch->events = events;
}

void watch_close(struct monitor *monitor, struct watch *watch)
{
	watch_set(monitor, watch, 0);
	fd_close(watch->fd);
	watch->fd = -1;
}

/* --- Signals and children --- */

static void record_end(struct monitor *monitor, int wait_status)
{
	monitor->ended = true;
	monitor->status.exit_code = process_exit_code(wait_status);
	monitor->status.signal = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
	monitor->status.finished_at = time_now_ns();
}

static void child_ended(struct monitor *monitor, pid_t pid, int wait_status)
{
	if (pid == monitor->init.pid && !monitor->ended)
		record_end(monitor, wait_status);
	else if (!health_reaped(monitor, pid) && !relay_reaped(monitor, pid, wait_status) && monitor->log)
		container_log_reaped(monitor->log, pid);
}

void reap(struct monitor *monitor)
{
	int wait_status;
	for (pid_t pid; (pid = waitpid(-1, &wait_status, WNOHANG)) > 0;)
		child_ended(monitor, pid, wait_status);
}

static void signals_ready(struct monitor *monitor, struct watch *watch, uint32_t events)
{
	struct signalfd_siginfo info;
	if (read(watch->fd, &info, sizeof info) != sizeof info)
		return;
	if (info.ssi_signo == SIGCHLD)
		reap(monitor);
	else
		stop_with_machine(monitor, (pid_t)info.ssi_pid);
}

/* All are blocked, so that none ends us; those that mean something to us are read. */
static int open_signals(struct monitor *monitor, struct error *err)
{
	sigset_t all, ours;
	sigfillset(&all);
	sigemptyset(&ours);
	sigaddset(&ours, SIGCHLD);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	sigprocmask(SIG_SETMASK, &all, NULL);
	monitor->signals.ready = signals_ready;
	monitor->signals.fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	if (monitor->signals.fd < 0)
		return err_sys(err, errno, "open a signal descriptor");
	watch_set(monitor, &monitor->signals, EPOLLIN);
	return 0;
}

/* --- The loop --- */

int loop_open(struct monitor *monitor, struct error *err)
{
	monitor->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (monitor->epoll < 0)
		return err_sys(err, errno, "open an event queue");
	return open_signals(monitor, err);
}

/* --- Timers --- */

static void (*const ON_TIMER[TIMER_COUNT])(struct monitor *monitor) = {
	[TIMER_STOP] = stop_kill,
	[TIMER_RESTART] = restart_now,
	[TIMER_HEALTH] = health_probe,
	[TIMER_PROBE] = health_overdue,
	[TIMER_SAMPLE] = recorder_sample,
};

void timer_set(struct monitor *monitor, enum timer timer, int64_t delay_ms)
{
	monitor->timers[timer] = time_monotonic_ns() + delay_ms * NSEC_PER_MSEC;
}

void timer_clear(struct monitor *monitor, enum timer timer)
{
	monitor->timers[timer] = 0;
}

static int ms_until(int64_t when_ns)
{
	int64_t left = when_ns - time_monotonic_ns();
	return left <= 0 ? 0 : (int)MIN((left + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC, (int64_t)INT_MAX);
}

static int earlier(int a_ms, int b_ms)
{
	return a_ms < 0 || (b_ms >= 0 && b_ms < a_ms) ? b_ms : a_ms;
}

static int next_timer_ms(const struct monitor *monitor)
{
	int next = -1;
	for (size_t i = 0; i < TIMER_COUNT; i++)
		if (monitor->timers[i])
			next = earlier(next, ms_until(monitor->timers[i]));
	return next;
}

static void run_timers(struct monitor *monitor)
{
	for (size_t i = 0; i < TIMER_COUNT; i++) {
		if (!monitor->timers[i] || ms_until(monitor->timers[i]) > 0)
			continue;
		monitor->timers[i] = 0;
		ON_TIMER[i](monitor);
	}
}

/* One event at a time: what handles it may close any other watch, and make one with the same number. */
bool loop_once(struct monitor *monitor, int timeout_ms)
{
	struct epoll_event event;
	int wait_ms = earlier(timeout_ms, earlier(delivery_timeout_ms(monitor), next_timer_ms(monitor)));
	int n = epoll_wait(monitor->epoll, &event, 1, wait_ms);
	if (n > 0) {
		struct watch *watch = event.data.ptr;
		watch->ready(monitor, watch, event.events);
	}
	delivery_expire(monitor);
	run_timers(monitor);
	return n > 0;
}
