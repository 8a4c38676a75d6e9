/* SPDX-License-Identifier: Apache-2.0 */
/* When the container is probed, and what is made of it. */
#include "base/log.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "monitor/health-probe.h"
#include "monitor/monitor-internal.h"

enum { PATIENCE_MS = 10 * 1000 }; /* with a probe that should have given up: it hangs in the kernel */

static bool is_on(const struct monitor *monitor)
{
	return monitor->plan.health.args && monitor->health.probe;
}

static int64_t age_ns(const struct monitor *monitor)
{
	return time_monotonic_ns() - monitor->health.since_ns;
}

static void write_record(struct monitor *monitor)
{
	struct error err = { 0 };
	if (health_record_write(&monitor->health.record, monitor->records, &err) < 0)
		log_failure(LOG_LEVEL_WARN, "record the container's health", &err);
}

static void set_next(struct monitor *monitor)
{
	int64_t interval = health_next_interval(&monitor->health.record, &monitor->plan.health, age_ns(monitor));
	timer_set(monitor, TIMER_HEALTH, (interval + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC);
}

void health_begin(struct monitor *monitor)
{
	struct health *health = &monitor->health;
	if (!monitor->plan.health.args)
		return;
	if (!health->probe && !(health->probe = probe_new())) {
		log_error("no memory for health checks");
		return;
	}
	health->since_ns = time_monotonic_ns();
	health->record.state = HEALTH_STARTING;
	health->record.failing_streak = 0;
	write_record(monitor);
	set_next(monitor);
}

void health_probe(struct monitor *monitor)
{
	struct health *health = &monitor->health;
	health->began_ns = time_now_ns();
	health->began_age_ns = age_ns(monitor);
	int pid = probe_start(health->probe, monitor->container, &monitor->plan.health);
	if (pid < 0) {
		log_warn("start a health check: error %d", -pid);
		set_next(monitor);
		return;
	}
	health->pid = pid;
	timer_set(monitor, TIMER_PROBE, monitor->plan.health.timeout_ns / NSEC_PER_MSEC + PATIENCE_MS);
}

void health_overdue(struct monitor *monitor)
{
	if (monitor->health.pid > 0)
		probe_kill(monitor->health.probe, monitor->health.pid);
}

static void take_result(struct monitor *monitor)
{
	struct health *health = &monitor->health;
	struct health_result result = {
		.start_ns = health->began_ns,
		.end_ns = time_now_ns(),
		.exit_code = health->probe->done ? health->probe->exit_code : -1,
	};
	str_copy(result.output, sizeof result.output,
		 health->probe->done ? health->probe->output : "the check was killed");
	bool changed = health_judge(&health->record, &monitor->plan.health, &result, health->began_age_ns);
	write_record(monitor);
	if (changed)
		event_health(monitor, health_state_name(health->record.state));
	if (changed && health->record.state == HEALTH_UNHEALTHY)
		stop_unhealthy(monitor);
}

bool health_reaped(struct monitor *monitor, pid_t pid)
{
	struct health *health = &monitor->health;
	if (!is_on(monitor) || health->pid != pid)
		return false;
	health->pid = 0;
	timer_clear(monitor, TIMER_PROBE);
	if (monitor->ended || monitor->status.state != MONITOR_STATE_RUNNING)
		return true;
	if (!health->probe->done || !health->probe->skipped)
		take_result(monitor);
	set_next(monitor);
	return true;
}

void health_end(struct monitor *monitor)
{
	struct health *health = &monitor->health;
	if (!is_on(monitor))
		return;
	timer_clear(monitor, TIMER_HEALTH);
	timer_clear(monitor, TIMER_PROBE);
	if (health->pid > 0)
		probe_kill(health->probe, health->pid);
	health->pid = 0;
	health->record.state = HEALTH_UNHEALTHY; /* as Docker has one that does not run */
	write_record(monitor);
}

void health_free(struct monitor *monitor)
{
	probe_free(monitor->health.probe);
}
