/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a container that has ended is started again, and when. The pause is Docker's: 100 ms, twice as long each time, a
 * minute at most, and short again after a run of ten seconds.
 *
 * Source: Docker's documentation, "Start containers automatically" and "docker run", "Restart policies".
 */
#include "base/time.h"
#include "base/util.h"
#include "monitor/monitor-internal.h"

enum {
	PAUSE_FIRST_MS = 100,
	PAUSE_MAX_MS = 60 * 1000,
	GOOD_RUN_S = 10,
};

static bool policy_wants_it(const struct monitor_plan *plan, const struct monitor_status *status)
{
	switch (plan->restart) {
	case RESTART_NO:
		return false;
	case RESTART_ON_FAILURE:
		return status->exit_code != 0 && (plan->restart_max == 0 || status->restart_count < plan->restart_max);
	case RESTART_ALWAYS:
	case RESTART_UNLESS_STOPPED:
		return true;
	}
	return false;
}

static int next_pause_ms(const struct monitor *monitor)
{
	const struct monitor_status *status = &monitor->status;
	bool good_run = status->finished_at - status->started_at >= GOOD_RUN_S * NSEC_PER_SEC;
	if (good_run || monitor->restart.pause_ms == 0)
		return PAUSE_FIRST_MS;
	return MIN(monitor->restart.pause_ms * 2, (int)PAUSE_MAX_MS);
}

bool restart_decide(struct monitor *monitor)
{
	bool wanted = monitor->restart.forced || policy_wants_it(&monitor->plan, &monitor->status);
	if (monitor->stop.asked || !wanted)
		return false;
	monitor->restart.pause_ms = next_pause_ms(monitor);
	monitor->status.restart_count++;
	return true;
}

/* The policy may have become another one since. */
static bool is_wanted(const struct monitor *monitor)
{
	return !monitor->stop.asked && (monitor->restart.forced || monitor->plan.restart != RESTART_NO);
}

bool restart_wait(struct monitor *monitor)
{
	monitor->restart.due = false;
	timer_set(monitor, TIMER_RESTART, monitor->restart.pause_ms);
	while (!monitor->restart.due && is_wanted(monitor))
		(void)loop_once(monitor, -1);
	timer_clear(monitor, TIMER_RESTART);
	bool wanted = is_wanted(monitor);
	monitor->restart.forced = false;
	return wanted;
}

void restart_now(struct monitor *monitor)
{
	monitor->restart.due = true;
}
