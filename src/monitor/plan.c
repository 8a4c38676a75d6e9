/* SPDX-License-Identifier: Apache-2.0 */
/* monitor.json: what the engine tells a container's monitor. */
#include <limits.h>
#include <signal.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "monitor/monitor-internal.h"
#include "monitor/protocol.h"

#define PLAN_FILE "monitor.json"

enum { PLAN_SIZE_MAX = 4 << 20 }; /* some hundred lower directories of PATH_MAX */

static const char *const LOG_DRIVERS[] = {
	[LOG_DRIVER_NONE] = "none",	    [LOG_DRIVER_JSON_FILE] = "json-file",     [LOG_DRIVER_LOCAL] = "local",
	[LOG_DRIVER_JOURNALD] = "journald", [LOG_DRIVER_PASSTHROUGH] = "passthrough",
};

static void add_log(struct json_object *object, const struct log_plan *log)
{
	if (log->driver == LOG_DRIVER_NONE)
		return;
	struct json_object *section = json_add_object(object, "log");
	json_add_string(section, "driver", LOG_DRIVERS[log->driver]);
	json_add_string(section, "path", log->path);
	json_add_u64(section, "maxBytes", log->limits.max_bytes);
	json_add_i64(section, "maxFiles", log->limits.max_files);
	json_add_bool(section, "compress", log->limits.compress);
	json_add_bool(section, "nonBlocking", log->non_blocking);
	json_add_u64(section, "bufferBytes", log->buffer_bytes);
	json_add_strv(section, "attributes", log->attributes);
}

static void add_health(struct json_object *object, const struct health_plan *health)
{
	if (!health->args)
		return;
	struct json_object *section = json_add_object(object, "health");
	json_add_strv(section, "args", health->args);
	json_add_i64(section, "interval", health->interval_ns);
	json_add_i64(section, "timeout", health->timeout_ns);
	json_add_i64(section, "startPeriod", health->start_period_ns);
	json_add_i64(section, "startInterval", health->start_interval_ns);
	json_add_i64(section, "retries", health->retries);
	json_add_i64(section, "action", health->action);
	json_add_i64(section, "stopTimeout", health->stop_timeout_ms);
}

int monitor_plan_write(const struct monitor_plan *plan, int dir, struct error *err)
{
	_cleanup_json_ struct json_object *object = json_object_new_object();
	json_add_string(object, "id", plan->id);
	json_add_string(object, "name", plan->name);
	json_add_string(object, "runtimeRoot", plan->runtime_root);
	json_add_string(object, "cacheDir", plan->cache_dir);
	json_add_strv(object, "joins", plan->joins);
	json_add_string(object, "pidFile", plan->pid_file);
	json_add_strv(object, "lower", plan->lower);
	image_plans_to_json(plan, object);
	json_add_string(object, "upper", plan->upper);
	json_add_string(object, "work", plan->work);
	json_add_bool(object, "mapIds", plan->map_ids);
	json_add_bool(object, "ephemeral", plan->ephemeral);
	json_add_bool(object, "fuse", plan->fuse);
	json_add_bool(object, "openStdin", plan->open_stdin);
	json_add_bool(object, "stdinOnce", plan->stdin_once);
	json_add_bool(object, "notify", plan->notify);
	add_log(object, &plan->log);
	json_add_strv(object, "cleanup", plan->cleanup);
	json_add_i64(object, "stopSignal", plan->stop_signal);
	json_add_string(object, "eventsPath", plan->events_path);
	json_add_string(object, "recordsPath", plan->records_path);
	add_health(object, &plan->health);
	json_add_strv(object, "eventAttributes", plan->event_attributes);
	json_add_i64(object, "cgroupManager", plan->cgroup_manager);
	json_add_strv(object, "pressure", plan->pressure);
	json_add_strv(object, "relay", plan->relay);
	json_add_i64(object, "restart", plan->restart);
	json_add_i64(object, "restartMax", plan->restart_max);
	const char *text = json_text(object);
	return file_write_atomic(dir, PLAN_FILE, text, strlen(text), 0600, 0, err);
}

static int parse_strings(const struct json_node *root, struct monitor_plan *plan, struct error *err)
{
	const struct {
		const char *key;
		char **field;
		bool required;
	} members[] = {
		{ "id", &plan->id, true },
		{ "name", &plan->name, true },
		{ "runtimeRoot", &plan->runtime_root, true },
		{ "cacheDir", &plan->cache_dir, false },
		{ "upper", &plan->upper, false },
		{ "work", &plan->work, false },
		{ "eventsPath", &plan->events_path, false },
		{ "recordsPath", &plan->records_path, false },
		{ "pidFile", &plan->pid_file, false },
	};
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		const char *text = NULL;
		int r = members[i].required ? json_need_string(root, members[i].key, &text, err)
					    : json_get_string(root, members[i].key, &text, err);
		if (r < 0)
			return r;
		*members[i].field = mem_strdup(text);
	}
	return 0;
}

static int parse_log_driver(const struct json_node *section, enum log_driver *ret, struct error *err)
{
	const char *name;
	int r = json_need_string(section, "driver", &name, err);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(LOG_DRIVERS); i++) {
		if (streq(name, LOG_DRIVERS[i])) {
			*ret = (enum log_driver)i;
			return 0;
		}
	}
	return r < 0 ? r : json_error(section, err, "\"%s\" is not a log driver", name);
}

/* Without the section there is no log. */
static int parse_log(const struct json_node *root, struct log_plan *log, struct error *err)
{
	struct json_node section;
	const char *path = NULL;
	int64_t max_files = LOG_LIMITS_DEFAULT.max_files;
	log->limits = LOG_LIMITS_DEFAULT;
	int r = json_get_object(root, "log", &section, err);
	if (r <= 0)
		return r;
	if ((r = parse_log_driver(&section, &log->driver, err)) < 0 ||
	    (r = json_get_string(&section, "path", &path, err)) < 0 ||
	    (r = json_get_u64(&section, "maxBytes", UINT64_MAX, &log->limits.max_bytes, err)) < 0 ||
	    (r = json_get_i64(&section, "maxFiles", 1, INT_MAX, &max_files, err)) < 0 ||
	    (r = json_get_bool(&section, "compress", &log->limits.compress, err)) < 0 ||
	    (r = json_get_bool(&section, "nonBlocking", &log->non_blocking, err)) < 0 ||
	    (r = json_get_u64(&section, "bufferBytes", UINT32_MAX, &log->buffer_bytes, err)) < 0 ||
	    (r = json_get_strv(&section, "attributes", &log->attributes, err)) < 0)
		return r;
	log->limits.max_files = (unsigned)max_files;
	log->path = mem_strdup(path);
	bool needs_path = log->driver != LOG_DRIVER_NONE && log->driver != LOG_DRIVER_PASSTHROUGH;
	return needs_path && !path ? json_error(&section, err, "\"path\" is missing") : 0;
}

static int parse_health(const struct json_node *root, struct health_plan *health, struct error *err)
{
	struct json_node section;
	int64_t retries = 0, action = HEALTH_LEAVES, stop_timeout = 0;
	int r = json_get_object(root, "health", &section, err);
	if (r <= 0)
		return r;
	if ((r = json_get_strv(&section, "args", &health->args, err)) < 0 ||
	    (r = json_get_i64(&section, "interval", 1, INT64_MAX, &health->interval_ns, err)) < 0 ||
	    (r = json_get_i64(&section, "timeout", 1, INT64_MAX, &health->timeout_ns, err)) < 0 ||
	    (r = json_get_i64(&section, "startPeriod", 0, INT64_MAX, &health->start_period_ns, err)) < 0 ||
	    (r = json_get_i64(&section, "startInterval", 1, INT64_MAX, &health->start_interval_ns, err)) < 0 ||
	    (r = json_get_i64(&section, "retries", 1, INT_MAX, &retries, err)) < 0 ||
	    (r = json_get_i64(&section, "action", 0, HEALTH_ACTION_COUNT - 1, &action, err)) < 0 ||
	    (r = json_get_i64(&section, "stopTimeout", -1, INT_MAX, &stop_timeout, err)) < 0)
		return r;
	health->retries = (int)retries;
	health->action = (enum health_action)action;
	health->stop_timeout_ms = (int)stop_timeout;
	bool complete = strv_count(health->args) > 0 && health->interval_ns && health->timeout_ns &&
			health->start_interval_ns && retries;
	return complete ? 0 : json_error(&section, err, "a health check is not complete");
}

static int parse_plan(const struct json_node *root, struct monitor_plan *plan, struct error *err)
{
	int64_t stop_signal = 0, restart = RESTART_NO, restart_max = 0, manager = CGROUP_MANAGER_CGROUPFS;
	int r;
	if ((r = json_as_object(root, err)) < 0 || (r = parse_strings(root, plan, err)) < 0 ||
	    (r = parse_log(root, &plan->log, err)) < 0 || (r = parse_health(root, &plan->health, err)) < 0 ||
	    (r = json_get_strv(root, "joins", &plan->joins, err)) < 0 ||
	    (r = json_get_strv(root, "lower", &plan->lower, err)) < 0 ||
	    (r = image_plans_from_json(root, plan, err)) < 0 ||
	    (r = json_get_strv(root, "cleanup", &plan->cleanup, err)) < 0 ||
	    (r = json_get_strv(root, "pressure", &plan->pressure, err)) < 0 ||
	    (r = json_get_strv(root, "relay", &plan->relay, err)) < 0 ||
	    (r = json_get_strv(root, "eventAttributes", &plan->event_attributes, err)) < 0 ||
	    (r = json_get_bool(root, "mapIds", &plan->map_ids, err)) < 0 ||
	    (r = json_get_bool(root, "ephemeral", &plan->ephemeral, err)) < 0 ||
	    (r = json_get_bool(root, "fuse", &plan->fuse, err)) < 0 ||
	    (r = json_get_bool(root, "openStdin", &plan->open_stdin, err)) < 0 ||
	    (r = json_get_bool(root, "stdinOnce", &plan->stdin_once, err)) < 0 ||
	    (r = json_get_bool(root, "notify", &plan->notify, err)) < 0 ||
	    (r = json_get_i64(root, "stopSignal", 0, SIGRTMAX, &stop_signal, err)) < 0 ||
	    (r = json_get_i64(root, "cgroupManager", 0, CGROUP_MANAGER_DISABLED, &manager, err)) < 0 ||
	    (r = json_get_i64(root, "restart", 0, RESTART_UNLESS_STOPPED, &restart, err)) < 0 ||
	    (r = json_get_i64(root, "restartMax", 0, INT_MAX, &restart_max, err)) < 0)
		return r;
	plan->stop_signal = (int)stop_signal;
	plan->cgroup_manager = (enum cgroup_manager)manager;
	plan->restart = (enum restart_policy)restart;
	plan->restart_max = (int)restart_max;
	return 0;
}

static int check_plan(const struct json_node *root, const struct monitor_plan *plan, struct error *err)
{
	if (!plan->upper != !plan->work)
		return json_error(root, err, "\"upper\" and \"work\" go together");
	if (plan->lower && !*plan->lower)
		return json_error(root, err, "\"lower\" is empty");
	if (plan->cleanup && !*plan->cleanup)
		return json_error(root, err, "\"cleanup\" is empty");
	return 0;
}

int monitor_plan_read(int dir, struct monitor_plan *ret, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	int r = json_load(dir, PLAN_FILE, PLAN_SIZE_MAX, ERR_INTERNAL, &document, err);
	if (r < 0)
		return r;
	struct json_node root = json_root(&document);
	struct monitor_plan plan = { 0 };
	r = parse_plan(&root, &plan, err);
	if (r == 0)
		r = check_plan(&root, &plan, err);
	if (r < 0) {
		monitor_plan_done(&plan);
		return r;
	}
	*ret = plan;
	return 0;
}

void monitor_plan_done(struct monitor_plan *plan)
{
	free(plan->id);
	free(plan->name);
	free(plan->runtime_root);
	free(plan->cache_dir);
	strv_free(plan->joins);
	free(plan->pid_file);
	strv_free(plan->lower);
	image_plans_free(plan->images, plan->n_images);
	free(plan->upper);
	free(plan->work);
	log_plan_done(&plan->log);
	strv_free(plan->cleanup);
	free(plan->events_path);
	free(plan->records_path);
	health_plan_done(&plan->health);
	strv_free(plan->event_attributes);
	strv_free(plan->pressure);
	strv_free(plan->relay);
	*plan = (struct monitor_plan){ 0 };
}
