/* SPDX-License-Identifier: Apache-2.0 */
/* Who wants the container to end, and what is done about it. It is the container that decides when, up to a time. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>

#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/time.h"
#include "monitor/monitor-internal.h"

static bool runs(const struct monitor *monitor)
{
	return monitor->status.state == MONITOR_STATE_RUNNING && !monitor->ended;
}

static void send_signal(struct monitor *monitor, int sig, const char *why)
{
	int r = process_signal(monitor->init.pidfd, sig);
	if (r < 0 && r != -ESRCH)
		log_warn("send signal %d to the container: error %d", sig, -r);
	if (r < 0)
		return;
	recorder_signal(monitor, sig, why);
	event_killed(monitor, sig);
}

/* Such a signal is meant to end it, and not to have it started again. */
static bool is_last(const struct monitor *monitor, int sig)
{
	return sig == SIGKILL || sig == monitor->plan.stop_signal;
}

void stop_signal(struct monitor *monitor, int sig)
{
	if (is_last(monitor, sig))
		monitor->stop.asked = monitor->status.stopped_by_hand = true;
	if (monitor->ended)
		return;
	send_signal(monitor, sig, "coffer kill, or a command that passed it on");
}

/* The earliest counts. */
static void kill_after(struct monitor *monitor, int timeout_ms)
{
	int64_t due = monitor->timers[TIMER_STOP];
	if (!due || due > time_monotonic_ns() + timeout_ms * NSEC_PER_MSEC)
		timer_set(monitor, TIMER_STOP, timeout_ms);
}

static const char *const STOP_NAMES[STOP_REASON_COUNT] = {
	[STOP_BY_STOP] = "coffer stop",
	[STOP_BY_RESTART] = "coffer restart",
	[STOP_BY_SHUTDOWN] = "coffer system shutdown",
	[STOP_BY_REMOVE] = "coffer rm -f",
};

void stop_ask(struct monitor *monitor, const struct packet_stop *wish)
{
	bool to_run_again = wish->reason == STOP_BY_RESTART || wish->reason == STOP_BY_SHUTDOWN;
	monitor->stop.asked = true;
	monitor->status.stopped_by_hand |= !to_run_again;
	monitor->status.to_run_again |= wish->reason == STOP_BY_RESTART;
	monitor->stop.by_stop |= wish->reason != STOP_BY_REMOVE;
	if (!runs(monitor))
		return;
	int sig = wish->signal ? wish->signal : monitor->plan.stop_signal;
	send_signal(monitor, sig, STOP_NAMES[wish->reason]);
	if (wish->timeout_ms >= 0 && sig != SIGKILL)
		kill_after(monitor, wish->timeout_ms);
}

void stop_unhealthy(struct monitor *monitor)
{
	static const char why[] = "its health check, by --health-on-failure";
	const struct health_plan *plan = &monitor->plan.health;
	if (plan->action == HEALTH_LEAVES || !runs(monitor))
		return;
	if (plan->action == HEALTH_STOPS)
		monitor->stop.asked = monitor->stop.by_stop = monitor->status.stopped_by_hand = true;
	monitor->restart.forced = plan->action == HEALTH_RESTARTS;
	send_signal(monitor, plan->action == HEALTH_KILLS ? SIGKILL : monitor->plan.stop_signal, why);
	if (plan->action != HEALTH_KILLS && plan->stop_timeout_ms >= 0)
		kill_after(monitor, plan->stop_timeout_ms);
}

/* The name is only a hint: it may have ended since. */
static void describe_process(pid_t pid, char *buf, size_t size)
{
	char path[64], name[32] = "";
	snprintf(path, sizeof path, "/proc/%d/comm", pid);
	(void)file_read_line(AT_FDCWD, path, name, sizeof name);
	snprintf(buf, size, "process %d%s%s%s, by way of its monitor", pid, *name ? " (" : "", name, *name ? ")" : "");
}

void stop_with_machine(struct monitor *monitor, pid_t by)
{
	describe_process(by, monitor->stop.machine, sizeof monitor->stop.machine);
	monitor->stop.asked = true;
	if (runs(monitor))
		send_signal(monitor, monitor->plan.stop_signal, monitor->stop.machine);
}

void stop_kill(struct monitor *monitor)
{
	if (runs(monitor))
		send_signal(monitor, SIGKILL, "coffer stop, whose time was over");
}
