/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container-row.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "monitor/protocol.h"

#define COLUMNS                                                                                             \
	"id, name, image, state, auto_remove, oom_killed, created_at, started_at, finished_at, exit_code, " \
	"error, runroot, config, last_status, pod, (SELECT pods.name FROM pods WHERE pods.id = pod), "      \
	"(SELECT pods.infra = containers.id FROM pods WHERE pods.id = pod)"

void container_row_done(struct container_row *row)
{
	free(row->name);
	free(row->image_id);
	free(row->error);
	free(row->last_status);
	free(row->runroot);
	free(row->pod);
	free(row->pod_name);
	container_config_done(&row->config);
	*row = (struct container_row){ 0 };
}

static int read_row(const struct db_query *query, struct container_row *ret, struct error *err)
{
	_cleanup_container_row_ struct container_row row = {
		.state = (enum container_state)db_number(query, 3),
		.auto_remove = db_number(query, 4),
		.oom_killed = db_number(query, 5),
		.created_at = db_number(query, 6),
		.started_at = db_number(query, 7),
		.finished_at = db_number(query, 8),
		.exit_code = (int)db_number(query, 9),
	};
	str_copy(row.id, sizeof row.id, db_text(query, 0));
	int r = container_config_from_text(db_text(query, 12), &row.config, err);
	if (r < 0)
		return err_wrap(err, "read container %.12s", row.id);
	row.name = mem_strdup(db_text(query, 1));
	row.image_id = mem_strdup(db_text(query, 2));
	row.error = mem_strdup(db_text(query, 10));
	row.runroot = mem_strdup(db_text(query, 11));
	row.last_status = mem_strdup(db_text(query, 13));
	row.pod = *db_text(query, 14) ? mem_strdup(db_text(query, 14)) : NULL;
	row.is_infra = db_number(query, 16);
	row.pod_name = *db_text(query, 15) ? mem_strdup(db_text(query, 15)) : NULL;
	*ret = row;
	row = (struct container_row){ 0 };
	return 0;
}

/* --- finding --- */

#define LOAD_ROW "SELECT " COLUMNS " FROM containers WHERE id = ?1"
#define DELETE_ROW "DELETE FROM containers WHERE id = ?1"

void container_row_expect_delete(struct db *db)
{
	db_prepare(db, LOAD_ROW);
	db_prepare(db, DELETE_ROW);
}

int container_row_load(struct db *db, const char *id, struct container_row *ret, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(db, LOAD_ROW, DB_VALUES(DB_TEXT(id)), &query, err);
	if (r >= 0)
		r = db_next(&query, err);
	if (r <= 0)
		return r;
	r = read_row(&query, ret, err);
	return r < 0 ? r : 1;
}

static int list(struct db *db, const char *sql, const struct db_value *values, struct container_row **ret,
		size_t *ret_count, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	struct container_row *rows = NULL;
	size_t count = 0;
	int r = db_query(db, sql, values, &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0)
		r = read_row(&query, ARRAY_APPEND(rows, count), err);
	if (r < 0) {
		for (size_t i = 0; i < count; i++)
			container_row_done(&rows[i]);
		free(rows);
		return r;
	}
	*ret = rows;
	*ret_count = count;
	return 0;
}

int container_row_list(struct db *db, bool running_only, struct container_row **ret, size_t *ret_count,
		       struct error *err)
{
	static const char all[] = "SELECT " COLUMNS " FROM containers ORDER BY created_at DESC";
	static const char running[] = "SELECT " COLUMNS " FROM containers WHERE state = 1 ORDER BY created_at DESC";
	return list(db, running_only ? running : all, DB_NO_VALUES, ret, ret_count, err);
}

int container_row_list_pod(struct db *db, const char *pod, struct container_row **ret, size_t *ret_count,
			   struct error *err)
{
	return list(db, "SELECT " COLUMNS " FROM containers WHERE pod = ?1 ORDER BY created_at",
		    DB_VALUES(DB_TEXT(pod)), ret, ret_count, err);
}

int container_row_running(struct db *db, const char *runroot, char ***ret, struct error *err)
{
	return db_get_texts(db, "SELECT id FROM containers WHERE state = 1 AND runroot = ?1", DB_VALUES(DB_TEXT(runroot)),
			ret, err);
}

int container_row_ids(struct db *db, char ***ret, struct error *err)
{
	return db_get_texts(db, "SELECT id FROM containers ORDER BY id", DB_NO_VALUES, ret, err);
}

static bool is_id_prefix(const char *text)
{
	size_t len = strlen(text);
	return len > 0 && len <= ID_HEX_LENGTH && strspn(text, "0123456789abcdef") == len;
}

/* 1 for one, 0 for none; ERR_INVALID for several. */
static int find_prefix(struct db *db, const char *prefix, char id[static ID_HEX_LENGTH + 1], struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	_cleanup_free_ char *end = mem_printf("%sg", prefix); /* behind all hexadecimal digits */
	char found[ID_HEX_LENGTH + 1] = "";
	int r = db_query(db, "SELECT id FROM containers WHERE id >= ?1 AND id < ?2 LIMIT 2",
			 DB_VALUES(DB_TEXT(prefix), DB_TEXT(end)), &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0) {
		if (*found)
			return err_set(err, ERR_INVALID, "Multiple IDs found with provided prefix: %s", prefix);
		str_copy(found, sizeof found, db_text(&query, 0));
	}
	if (r < 0 || !*found)
		return r;
	str_copy(id, sizeof found, found);
	return 1;
}

int container_row_find(struct db *db, const char *name, char id[static ID_HEX_LENGTH + 1], struct error *err)
{
	_cleanup_free_ char *found = NULL;
	int r = db_get_text(db, "SELECT id FROM containers WHERE id = ?1 OR name = ?2 ORDER BY id = ?1 DESC LIMIT 1",
			    DB_VALUES(DB_TEXT(name), DB_TEXT(name + (*name == '/'))), &found, err);
	if (r > 0)
		str_copy(id, ID_HEX_LENGTH + 1, found);
	else if (r == 0 && is_id_prefix(name))
		r = find_prefix(db, name, id, err);
	if (r == 0)
		return err_set(err, ERR_NO_CONTAINER, "No such container: %s", name);
	return r < 0 ? r : 0;
}

/* --- inserting --- */

static void format_state(const struct container_row *row, char *buf, size_t size)
{
	char duration[TIME_TEXT_MAX] = "";
	int64_t since = row->state == STATE_CREATED ? row->created_at : row->finished_at;
	if (row->state != STATE_RUNNING)
		time_format_duration(time_now_ns() - since, duration);
	for (char *c = duration; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	snprintf(buf, size, "%s%s%s%s", container_state_name(row->state), *duration ? " " : "", duration,
		 *duration ? " ago" : "");
}

static int name_taken(struct db *db, const char *name, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	char id[ID_HEX_LENGTH + 1], state[64];
	err_set(err, ERR_NAME, "name \"%s\" is already in use by container", name);
	if (container_row_find(db, name, id, NULL) < 0 || container_row_load(db, id, &row, NULL) <= 0)
		return -ERR_NAME;
	format_state(&row, state, sizeof state);
	err_set(err, ERR_NAME, "name \"%s\" is already in use by container %.12s (%s, image %s)", name, row.id, state,
		config_spec(&row.config)->image);
	(void)err_hint(err, "coffer rm -f %s", name);
	return -ERR_NAME;
}

int container_row_insert(struct db *db, const struct container_row *row, struct error *err)
{
	_cleanup_json_ struct json_object *config = container_config_to_json(&row->config);
	int r = db_run(db,
		       "INSERT INTO containers (id, name, image, state, auto_remove, created_at, runroot, config, pod) "
		       "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
		       DB_VALUES(DB_TEXT(row->id), DB_TEXT(row->name), DB_TEXT(row->image_id), DB_NUMBER(row->state),
				 DB_NUMBER(row->auto_remove), DB_NUMBER(row->created_at), DB_TEXT(row->runroot),
				 DB_TEXT(json_text(config)), DB_TEXT(row->pod)),
		       err);
	if (r == -ERR_EXISTS)
		return name_taken(db, row->name, err);
	if (r == -ERR_BUSY)
		return err_set(err, ERR_IMG_NOT_FOUND, "No such image: %s (it has just been removed)",
			       config_spec(&row->config)->image);
	return r < 0 ? r : 0;
}

/* --- changing --- */

int container_row_set_running(struct db *db, const char *id, const char *runroot, struct error *err)
{
	_cleanup_free_ char *state = NULL;
	int r = db_run(db,
		       "UPDATE containers SET state = 1, runroot = ?2, exit_code = 0, oom_killed = 0, "
		       "error = '', finished_at = 0 WHERE id = ?1 AND state != 1",
		       DB_VALUES(DB_TEXT(id), DB_TEXT(runroot)), err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = db_get_text(db, "SELECT state FROM containers WHERE id = ?1", DB_VALUES(DB_TEXT(id)), &state, err);
	if (r < 0)
		return r;
	return r == 0 ? err_set(err, ERR_NO_CONTAINER, "No such container: %s", id)
		      : err_set(err, ERR_STATE, "container %.12s is running already", id);
}

/* As a monitor would have recorded it. */
static char *failed_status(const struct error *why)
{
	struct monitor_status status = { .state = MONITOR_STATE_EXITED,
					 .exit_code = err_info(why->code)->exit_status,
					 .memory_limit = -1,
					 .memory_peak = -1,
					 .error = *why,
					 .death = { .cause = DEATH_START_FAILED, .by = "coffer" } };
	death_add(&status.death, "%s", why->message);
	return monitor_status_text(&status);
}

int container_row_set_failed(struct db *db, const char *id, const struct error *why, struct error *err)
{
	_cleanup_free_ char *text = failed_status(why);
	/* One that has run before has an end to go back to; 0 and 3 are STATE_CREATED and STATE_EXITED. */
	int r = db_run(db,
		       "UPDATE containers SET state = CASE started_at WHEN 0 THEN 0 ELSE 3 END, exit_code = ?2, "
		       "error = ?3, finished_at = CASE started_at WHEN 0 THEN 0 ELSE ?4 END, last_status = ?5 "
		       "WHERE id = ?1 AND state = 1",
		       DB_VALUES(DB_TEXT(id), DB_NUMBER(err_info(why->code)->exit_status), DB_TEXT(why->message),
				 DB_NUMBER(time_now_ns()), DB_TEXT(text)),
		       err);
	return r < 0 ? r : 0;
}

int container_row_set_exited(struct db *db, const char *id, const struct monitor_status *status, struct error *err)
{
	static_assert(STATE_CREATED == 0 && STATE_RUNNING == 1 && STATE_EXITED == 3, "as the statements here have it");
	int64_t finished_at = status->finished_at ? status->finished_at : time_now_ns();
	int64_t started_at = status->started_at ? status->started_at : finished_at;
	_cleanup_free_ char *text = monitor_status_text(status);
	int r = db_run(db,
		       "UPDATE containers SET state = 3, exit_code = ?2, oom_killed = ?3, error = ?4, started_at = ?5, "
		       "finished_at = ?6, last_status = ?7 WHERE id = ?1",
		       DB_VALUES(DB_TEXT(id), DB_NUMBER(status->exit_code), DB_NUMBER(status->oom_killed),
				 DB_TEXT(status->error.message), DB_NUMBER(started_at), DB_NUMBER(finished_at),
				 DB_TEXT(text)),
		       err);
	return r < 0 ? r : 0;
}

int container_row_set_name(struct db *db, const char *id, const char *name, struct error *err)
{
	int r = db_run(db, "UPDATE containers SET name = ?2 WHERE id = ?1", DB_VALUES(DB_TEXT(id), DB_TEXT(name)), err);
	if (r == -ERR_EXISTS)
		return name_taken(db, name, err);
	return r == 0 ? err_set(err, ERR_NO_CONTAINER, "No such container: %s", id) : r < 0 ? r : 0;
}

int container_row_set_config(struct db *db, const char *id, const struct container_config *config, struct error *err)
{
	_cleanup_json_ struct json_object *object = container_config_to_json(config);
	int r = db_run(db, "UPDATE containers SET config = ?2 WHERE id = ?1",
		       DB_VALUES(DB_TEXT(id), DB_TEXT(json_text(object))), err);
	return r == 0 ? err_set(err, ERR_NO_CONTAINER, "No such container: %s", id) : r < 0 ? r : 0;
}

int container_row_delete(struct db *db, const char *id, struct error *err)
{
	int r = db_run(db, DELETE_ROW, DB_VALUES(DB_TEXT(id)), err);
	return r < 0 ? r : 0;
}
