/* SPDX-License-Identifier: Apache-2.0 */
/* status.json: who runs, and how it ended; the same text goes into PACKET_EXIT. */
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "monitor/protocol.h"

#define STATUS_FILE "status.json"

static const char *const STATE_NAMES[] = {
	[MONITOR_STATE_CREATED] = "created",
	[MONITOR_STATE_RUNNING] = "running",
	[MONITOR_STATE_EXITED] = "exited",
	[MONITOR_STATE_RESTARTING] = "restarting",
};

char *monitor_status_text(const struct monitor_status *status)
{
	_cleanup_json_ struct json_object *object = json_object_new_object();
	json_add_string(object, "state", STATE_NAMES[status->state]);
	json_add_i64(object, "pid", status->pid);
	json_add_i64(object, "startTime", (int64_t)status->start_time);
	json_add_i64(object, "startedAt", status->started_at);
	json_add_i64(object, "finishedAt", status->finished_at);
	json_add_i64(object, "exitCode", status->exit_code);
	json_add_i64(object, "signal", status->signal);
	json_add_bool(object, "oomKilled", status->oom_killed);
	json_add_i64(object, "memoryLimit", status->memory_limit);
	json_add_i64(object, "memoryPeak", status->memory_peak);
	json_add_i64(object, "restartCount", status->restart_count);
	json_add_u64(object, "logDropped", status->log_dropped);
	json_add_bool(object, "stoppedByHand", status->stopped_by_hand);
	json_add_bool(object, "toRunAgain", status->to_run_again);
	death_to_json(&status->death, "death", object);
	if (status->error.code != ERR_NONE)
		json_object_object_add(object, "error", json_from_error(&status->error));
	return mem_strdup(json_text(object));
}

static int parse_state(const struct json_node *root, enum monitor_state *ret, struct error *err)
{
	const char *name;
	int r = json_need_string(root, "state", &name, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(STATE_NAMES); i++) {
		if (streq(name, STATE_NAMES[i])) {
			*ret = (enum monitor_state)i;
			return 0;
		}
	}
	return json_error(root, err, "\"%s\" is not a state", name);
}

static int parse_status(const struct json_node *root, struct monitor_status *status, struct error *err)
{
	int64_t pid = 0, exit_code = 0, sig = 0, restart_count = 0;
	struct json_node error;
	int r;
	if ((r = json_as_object(root, err)) < 0 || (r = parse_state(root, &status->state, err)) < 0 ||
	    (r = json_get_i64(root, "pid", 0, INT_MAX, &pid, err)) < 0 ||
	    (r = json_get_u64(root, "startTime", INT64_MAX, &status->start_time, err)) < 0 ||
	    (r = json_get_i64(root, "startedAt", 0, INT64_MAX, &status->started_at, err)) < 0 ||
	    (r = json_get_i64(root, "finishedAt", 0, INT64_MAX, &status->finished_at, err)) < 0 ||
	    (r = json_get_i64(root, "exitCode", 0, 255, &exit_code, err)) < 0 ||
	    (r = json_get_i64(root, "signal", 0, SIGRTMAX, &sig, err)) < 0 ||
	    (r = json_get_bool(root, "oomKilled", &status->oom_killed, err)) < 0 ||
	    (r = json_get_i64(root, "memoryLimit", -1, INT64_MAX, &status->memory_limit, err)) < 0 ||
	    (r = json_get_i64(root, "memoryPeak", -1, INT64_MAX, &status->memory_peak, err)) < 0 ||
	    (r = json_get_i64(root, "restartCount", 0, INT_MAX, &restart_count, err)) < 0 ||
	    (r = json_get_u64(root, "logDropped", UINT64_MAX, &status->log_dropped, err)) < 0 ||
	    (r = json_get_bool(root, "stoppedByHand", &status->stopped_by_hand, err)) < 0 ||
	    (r = json_get_bool(root, "toRunAgain", &status->to_run_again, err)) < 0 ||
	    (r = death_from_json(root, "death", &status->death, err)) < 0 ||
	    (r = json_get_object(root, "error", &error, err)) < 0)
		return r;
	status->restart_count = (int)restart_count;
	status->pid = (pid_t)pid;
	status->exit_code = (int)exit_code;
	status->signal = (int)sig;
	if (r > 0)
		json_to_error(&error, &status->error);
	return 0;
}

static int from_document(const struct json_document *document, struct monitor_status *ret, struct error *err)
{
	struct monitor_status status = { .memory_limit = -1, .memory_peak = -1 };
	struct json_node root = json_root(document);
	int r = parse_status(&root, &status, err);
	if (r < 0)
		return r;
	*ret = status;
	return 0;
}

int monitor_status_parse(const char *text, size_t len, struct monitor_status *ret, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	int r = json_parse(text, len, STATUS_FILE, ERR_INTERNAL, &document, err);
	return r < 0 ? r : from_document(&document, ret, err);
}

int monitor_status_read(int dir, struct monitor_status *ret, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	int r = json_load(dir, STATUS_FILE, MONITOR_PACKET_MAX, ERR_INTERNAL, &document, err);
	return r < 0 ? r : from_document(&document, ret, err);
}

int monitor_status_write(const struct monitor_status *status, int dir, struct error *err)
{
	_cleanup_free_ char *text = monitor_status_text(status);
	return file_write_atomic(dir, STATUS_FILE, text, strlen(text), 0600, 0, err);
}

char **monitor_status_attributes(const struct monitor_status *status)
{
	char **attributes = NULL;
	int64_t ran_ns = status->started_at > 0 ? status->finished_at - status->started_at : 0;
	strv_take(&attributes, mem_printf("execDuration=%" PRId64, MAX(ran_ns, INT64_C(0)) / NSEC_PER_SEC));
	strv_take(&attributes, mem_printf("exitCode=%d", status->exit_code));
	strv_take(&attributes, mem_printf("oomKilled=%s", status->oom_killed ? "true" : "false"));
	return attributes;
}
