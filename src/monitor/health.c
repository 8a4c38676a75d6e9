/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/health.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "base/time.h"

void health_plan_done(struct health_plan *plan)
{
	strv_free(plan->args);
	*plan = (struct health_plan){ 0 };
}

const char *health_state_name(enum health_state state)
{
	static const char *const names[] = {
		[HEALTH_NONE] = "none",
		[HEALTH_STARTING] = "starting",
		[HEALTH_HEALTHY] = "healthy",
		[HEALTH_UNHEALTHY] = "unhealthy",
	};
	return names[state];
}

static void remember(struct health_record *record, const struct health_result *result)
{
	if (record->n_log == HEALTH_LOG_MAX)
		memmove(&record->log[0], &record->log[1], sizeof record->log[0] * --record->n_log);
	record->log[record->n_log++] = *result;
}

bool health_judge(struct health_record *record, const struct health_plan *plan, const struct health_result *result,
		  int64_t age_ns)
{
	enum health_state before = record->state;
	remember(record, result);
	if (result->exit_code == 0) {
		record->failing_streak = 0;
		record->state = HEALTH_HEALTHY;
	} else if (record->state != HEALTH_STARTING || age_ns >= plan->start_period_ns) {
		record->failing_streak++;
		if (record->failing_streak >= plan->retries)
			record->state = HEALTH_UNHEALTHY;
	}
	return record->state != before;
}

int64_t health_next_interval(const struct health_record *record, const struct health_plan *plan, int64_t age_ns)
{
	bool coming_up = record->state == HEALTH_STARTING && age_ns < plan->start_period_ns;
	return coming_up ? plan->start_interval_ns : plan->interval_ns;
}

static void add_result(struct json_object *array, const struct health_result *result)
{
	char text[TIME_TEXT_MAX];
	struct json_object *object = json_object_new_object();
	json_add_string(object, "Start", time_format_rfc3339(result->start_ns, text));
	json_add_string(object, "End", time_format_rfc3339(result->end_ns, text));
	json_add_i64(object, "ExitCode", result->exit_code);
	json_add_string(object, "Output", result->output);
	json_object_array_add(array, object);
}

int health_record_write(const struct health_record *record, int dir, struct error *err)
{
	_cleanup_json_ struct json_object *object = json_object_new_object();
	json_add_string(object, "Status", health_state_name(record->state));
	json_add_i64(object, "FailingStreak", record->failing_streak);
	struct json_object *log = json_add_array(object, "Log");
	for (int i = 0; i < record->n_log; i++)
		add_result(log, &record->log[i]);
	const char *text = json_text(object);
	return file_write_atomic(dir, HEALTH_FILE, text, strlen(text), 0600, 0, err);
}
