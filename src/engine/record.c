/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/record.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "engine/health-record.h"
#include "engine/live.h"
#include "engine/network-inspect.h"
#include "engine/restart.h"

static const char *const STATE_NAMES[] = {
	[STATE_CREATED] = "created", [STATE_RUNNING] = "running", [STATE_PAUSED] = "paused",
	[STATE_EXITED] = "exited",   [STATE_DEAD] = "dead",	  [STATE_RESTARTING] = "restarting",
};

const char *container_state_name(enum container_state state)
{
	return (size_t)state < ARRAY_SIZE(STATE_NAMES) ? STATE_NAMES[state] : "dead";
}

void container_record_free(struct container_record *record)
{
	if (!record)
		return;
	free(record->name);
	free(record->image);
	free(record->image_id);
	free(record->sdnotify);
	free(record->pod);
	free(record->pod_name);
	strv_free(record->command);
	strv_free(record->labels);
	strv_free(record->networks);
	for (size_t i = 0; i < record->n_mounts; i++) {
		free(record->mounts[i].name);
		free(record->mounts[i].target);
	}
	free(record->mounts);
	free(record->error);
	free(record->bindings);
	free(record->ports);
	free(record);
}

int status_of(struct engine *engine, const char *id, struct monitor_status *ret, struct error *err)
{
	struct error why = { 0 };
	_cleanup_close_ int dir = run_dir_open(engine, id);
	if (dir < 0)
		return 0;
	int r = monitor_status_read(dir, ret, &why);
	if (r == -ERR_NOT_FOUND)
		return 0;
	if (r < 0 && err)
		*err = why;
	return r < 0 ? r : 1;
}

/* Between its end and the moment when that is recorded, a container has exited, though its row does not say so. */
static void apply_status(struct container_record *record, const struct monitor_status *status)
{
	static const enum container_state states[] = {
		[MONITOR_STATE_CREATED] = STATE_CREATED,
		[MONITOR_STATE_RUNNING] = STATE_RUNNING,
		[MONITOR_STATE_EXITED] = STATE_EXITED,
		[MONITOR_STATE_RESTARTING] = STATE_RESTARTING,
	};
	record->state = states[status->state];
	record->started_at = status->started_at;
	record->finished_at = status->finished_at;
	record->exit_code = status->exit_code;
	record->oom_killed = status->oom_killed;
	record->restart_count = status->restart_count;
	record->pid = record->state == STATE_RUNNING ? status->pid : 0;
}

/* What has no column of its own. */
static void apply_last_status(struct container_record *record, const char *text)
{
	struct monitor_status status;
	if (monitor_status_parse(text, strlen(text), &status, NULL) >= 0)
		record->restart_count = status.restart_count;
}

/* Docker's `ps` shows these without being asked for all. */
static bool is_alive(const struct container_record *record)
{
	return record->state == STATE_RUNNING || record->state == STATE_PAUSED || record->state == STATE_RESTARTING;
}

static void add_mounts(struct container_record *record, const struct container_config *config)
{
	for (size_t i = 0; i < config->n_mounts; i++) {
		if (!config->mounts[i].source)
			continue;
		struct container_mount *mount = ARRAY_APPEND(record->mounts, record->n_mounts);
		mount->name = mem_strdup(config->mounts[i].source);
		mount->target = mem_strdup(config->mounts[i].target);
		mount->is_volume = config->mounts[i].kind == MOUNT_VOLUME;
	}
}

static bool is_paused(struct engine *engine, const char *id)
{
	_cleanup_close_ int dir = run_dir_open(engine, id);
	return dir >= 0 && live_is_paused(engine, id, dir);
}

/*
 * Returns whether the row says "running" and there is a status: 1, or 0 when its monitor is about to start it. An end is
 * recorded before the run directory goes, so a row without one may be from before that and is read again; -1 then.
 */
static int read_status(struct engine *engine, struct container_row *row, struct monitor_status *ret)
{
	_cleanup_container_row_ struct container_row now = { 0 };
	struct db *db;
	if (row->state != STATE_RUNNING || !streq(row->runroot, engine->runroot))
		return -1;
	if (status_of(engine, row->id, ret, NULL) > 0)
		return 1;
	int r = engine_db(engine, &db, NULL);
	if (r >= 0)
		r = container_row_load(db, row->id, &now, NULL);
	if (r < 0 || (r > 0 && now.state == STATE_RUNNING))
		return 0;
	if (r == 0) {
		row->state = STATE_EXITED; /* and removed, too */
		return -1;
	}
	container_row_done(row);
	*row = now;
	now = (struct container_row){ 0 };
	return -1;
}

struct container_record *record_from_row(struct engine *engine, struct container_row *row)
{
	struct container_record *record = NEW(struct container_record);
	struct monitor_status status;
	int known = read_status(engine, row, &status);
	str_copy(record->id, sizeof record->id, row->id);
	record->name = mem_strdup(row->name);
	record->image = mem_strdup(config_spec(&row->config)->image);
	record->image_id = mem_strdup(row->image_id);
	record->command = config_args(&row->config);
	record->labels = strv_copy(row->config.labels);
	add_mounts(record, &row->config);
	record->networks = network_names(config_spec(&row->config));
	record->state = row->state;
	record->exit_code = row->exit_code;
	record->error = mem_strdup(row->error);
	record->health = health_record_state(engine, row);
	record->is_infra = row->is_infra;
	record->pod = mem_strdup(row->pod);
	record->pod_name = mem_strdup(row->pod_name);
	record->sdnotify = mem_strdup(config_spec(&row->config)->sdnotify);
	network_ports(engine, row, &record->bindings, &record->n_bindings);
	record->ports = network_ports_text(record->bindings, record->n_bindings);
	record->oom_killed = row->oom_killed;
	record->auto_remove = row->auto_remove;
	record->restart_policy = restart_policy_name(restart_policy_of(config_spec(&row->config)));
	record->tty = config_spec(&row->config)->tty;
	record->open_stdin = config_spec(&row->config)->open_stdin;
	record->created_at = row->created_at;
	record->started_at = row->started_at;
	record->finished_at = row->finished_at;
	if (row->state != STATE_RUNNING && *row->last_status)
		apply_last_status(record, row->last_status);
	if (known > 0)
		apply_status(record, &status);
	if (record->pid > 0 && is_paused(engine, row->id))
		record->state = STATE_PAUSED;
	if (known == 0)
		record->state = STATE_CREATED; /* its monitor is about to start it */
	return record;
}

/* --- finding and listing --- */

int container_load_row(struct engine *engine, const char *name, struct container_row *ret, struct error *err)
{
	char id[ID_HEX_LENGTH + 1];
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = container_row_find(db, name, id, err);
	if (r >= 0)
		r = container_row_load(db, id, ret, err);
	if (r == 0)
		return err_set(err, ERR_NO_CONTAINER, "No such container: %s", name);
	return r < 0 ? r : 0;
}

int engine_container_find(struct engine *engine, const char *name, struct container_record **ret, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	int r = container_load_row(engine, name, &row, err);
	if (r >= 0)
		*ret = record_from_row(engine, &row);
	return r;
}

int engine_container_list(struct engine *engine, bool all, struct container_record ***ret, size_t *ret_count,
			  struct error *err)
{
	struct container_row *rows = NULL;
	size_t n_rows = 0, count = 0;
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = container_row_list(db, !all, &rows, &n_rows, err);
	if (r < 0)
		return r;
	struct container_record **records = mem_alloc((n_rows + 1) * sizeof *records);
	for (size_t i = 0; i < n_rows; i++) {
		_cleanup_record_ struct container_record *record = record_from_row(engine, &rows[i]);
		if (all || is_alive(record))
			records[count++] = TAKE_PTR(record);
		container_row_done(&rows[i]);
	}
	free(rows);
	*ret = records;
	*ret_count = count;
	return 0;
}
