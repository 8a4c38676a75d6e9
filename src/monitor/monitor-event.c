/* SPDX-License-Identifier: Apache-2.0 */
/* What the monitor tells the journal. A journal that cannot be written is no reason to stop anything. */
#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "monitor/journal.h"
#include "monitor/monitor-internal.h"

/* @more is a strv of "key=value", or NULL. */
static void record(struct monitor *monitor, const char *action, char *const *more)
{
	const struct monitor_plan *plan = &monitor->plan;
	if (!plan->events_path)
		return;
	_cleanup_strv_ char **attributes = strv_copy(plan->event_attributes);
	for (; more && *more; more++)
		strv_append(&attributes, *more);
	const struct journal_event event = {
		.type = "container", .action = action, .actor = plan->id, .attributes = attributes
	};
	char why[128];
	int r = journal_append(plan->events_path, &event);
	if (r < 0)
		log_warn("record event \"%s\" in '%s': %s", action, plan->events_path, str_errno(-r, why, sizeof why));
}

void event_started(struct monitor *monitor)
{
	record(monitor, "start", NULL);
}

void event_restart_failed(struct monitor *monitor, const struct error *why)
{
	_cleanup_strv_ char **more = NULL;
	journal_add_error(&more, why);
	record(monitor, "start-failed", more);
}

void event_killed(struct monitor *monitor, int sig)
{
	_cleanup_free_ char *number = mem_printf("signal=%d", sig);
	record(monitor, "kill", (char *[]){ number, NULL });
}

void event_died(struct monitor *monitor)
{
	_cleanup_strv_ char **attributes = monitor_status_attributes(&monitor->status);
	record(monitor, "die", attributes);
}

void event_health(struct monitor *monitor, const char *state)
{
	_cleanup_free_ char *action = mem_printf("health_status: %s", state);
	record(monitor, action, NULL);
}

void event_oom(struct monitor *monitor)
{
	record(monitor, "oom", NULL);
}

void event_alarm(struct monitor *monitor, const char *action, char *const *attributes)
{
	record(monitor, action, attributes);
}

/* Of a program of exec, whose own plan knows no journal. Docker makes and starts one in two steps. */
static void record_exec(struct monitor *exec, const char *verb, const char *words, char *more)
{
	_cleanup_free_ char *action = words ? mem_printf("%s: %s", verb, words) : mem_strdup(verb);
	_cleanup_free_ char *id = mem_printf("execID=%s", exec->exec_id);
	record(exec->exec_of, action, (char *[]){ id, more, NULL });
}

void event_exec_started(struct monitor *exec, const char *words)
{
	record_exec(exec, "exec_create", words, NULL);
	record_exec(exec, "exec_start", words, NULL);
}

void event_exec_detached(struct monitor *exec)
{
	record_exec(exec, "exec_detach", NULL, NULL);
}

void event_exec_died(struct monitor *exec)
{
	_cleanup_free_ char *code = mem_printf("exitCode=%d", exec->status.exit_code);
	record_exec(exec, "exec_die", NULL, code);
}

void event_stopped(struct monitor *monitor)
{
	record(monitor, "stop", NULL);
}
