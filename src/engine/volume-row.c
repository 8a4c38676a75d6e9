/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume-row.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/db-list.h"
#include "engine/engine.h"

#define COLUMNS                               \
	"name, options, labels, created_at, " \
	"(SELECT count(*) FROM volume_uses WHERE volume_uses.volume = volumes.name)"

void volume_free(struct volume *volume)
{
	if (!volume)
		return;
	free(volume->name);
	free(volume->mountpoint);
	strv_free(volume->options);
	strv_free(volume->labels);
	free(volume);
}

int volume_row_insert(struct db *db, const struct volume *volume, struct error *err)
{
	_cleanup_free_ char *options = db_list_text(volume->options);
	_cleanup_free_ char *labels = db_list_text(volume->labels);
	int r = db_run(db, "INSERT INTO volumes (name, options, labels, created_at) VALUES (?1, ?2, ?3, ?4)",
		       DB_VALUES(DB_TEXT(volume->name), DB_TEXT(options), DB_TEXT(labels),
				 DB_NUMBER(volume->created_at)),
		       err);
	return r < 0 ? r : 0;
}

static int read_volume(const struct db_query *query, struct volume **ret, struct error *err)
{
	_cleanup_volume_ struct volume *volume = NEW(struct volume);
	volume->name = mem_strdup(db_text(query, 0));
	volume->created_at = db_number(query, 3);
	volume->links = (size_t)db_number(query, 4);
	int r = db_list(query, 1, &volume->options, err);
	if (r >= 0)
		r = db_list(query, 2, &volume->labels, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(volume);
	return 0;
}

int volume_row_load(struct db *db, const char *name, struct volume **ret, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(db, "SELECT " COLUMNS " FROM volumes WHERE name = ?1 AND going = 0", DB_VALUES(DB_TEXT(name)),
			 &query, err);
	if (r >= 0)
		r = db_next(&query, err);
	if (r <= 0)
		return r;
	r = read_volume(&query, ret, err);
	return r < 0 ? r : 1;
}

int volume_row_list(struct db *db, struct volume ***ret, size_t *ret_count, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	struct volume **volumes = NULL;
	size_t count = 0;
	int r = db_query(db, "SELECT " COLUMNS " FROM volumes WHERE going = 0 ORDER BY name", DB_NO_VALUES, &query,
			 err);
	while (r >= 0 && (r = db_next(&query, err)) > 0)
		r = read_volume(&query, ARRAY_APPEND(volumes, count), err);
	if (r < 0) {
		for (size_t i = 0; i < count; i++)
			volume_free(volumes[i]);
		free(volumes);
		return r;
	}
	*ret = volumes;
	*ret_count = count;
	return 0;
}

int volume_row_users(struct db *db, const char *name, char ***ret, struct error *err)
{
	return db_get_texts(db,
			  "SELECT c.name FROM volume_uses u JOIN containers c ON c.id = u.container "
			  "WHERE u.volume = ?1 ORDER BY c.name",
			  DB_VALUES(DB_TEXT(name)), ret, err);
}

int volume_row_mark(struct db *db, const char *name, struct error *err)
{
	int r = db_run(db, "UPDATE volumes SET going = 1 WHERE name = ?1", DB_VALUES(DB_TEXT(name)), err);
	return r < 0 ? r : 0;
}

int volume_row_mark_unused(struct db *db, const char *name, struct error *err)
{
	int r = db_run(db,
		       "UPDATE volumes SET going = 1 WHERE name = ?1 AND "
		       "NOT EXISTS (SELECT 1 FROM volume_uses WHERE volume = ?1)",
		       DB_VALUES(DB_TEXT(name)), err);
	return r < 0 ? r : 0;
}

int volume_row_is_marked(struct db *db, const char *name, struct error *err)
{
	_cleanup_free_ char *found = NULL;
	return db_get_text(db, "SELECT name FROM volumes WHERE name = ?1 AND going = 1", DB_VALUES(DB_TEXT(name)),
			   &found, err);
}

int volume_row_marked(struct db *db, char ***ret, struct error *err)
{
	return db_get_texts(db, "SELECT name FROM volumes WHERE going = 1", DB_NO_VALUES, ret, err);
}

int volume_row_delete(struct db *db, const char *name, struct error *err)
{
	int r = db_run(db, "DELETE FROM volumes WHERE name = ?1", DB_VALUES(DB_TEXT(name)), err);
	return r < 0 ? r : 0;
}

/* --- uses --- */

int volume_use_insert(struct db *db, const char *container, const char *name, bool fill, struct error *err)
{
	int r = db_run(db,
		       "INSERT INTO volume_uses (container, volume, fill) VALUES (?1, ?2, ?3) "
		       "ON CONFLICT (container, volume) DO UPDATE SET fill = max(fill, ?3)",
		       DB_VALUES(DB_TEXT(container), DB_TEXT(name), DB_NUMBER(fill)), err);
	return r < 0 ? r : 0;
}

int image_use_insert(struct db *db, const char *container, const char *image, struct error *err)
{
	int r = db_run(db, "INSERT OR IGNORE INTO image_uses (container, image) VALUES (?1, ?2)",
		       DB_VALUES(DB_TEXT(container), DB_TEXT(image)), err);
	return r < 0 ? r : 0;
}

int volume_use_fills(struct db *db, const char *container, const char *name, struct error *err)
{
	_cleanup_free_ char *found = NULL;
	return db_get_text(db, "SELECT volume FROM volume_uses WHERE container = ?1 AND volume = ?2 AND fill = 1",
			   DB_VALUES(DB_TEXT(container), DB_TEXT(name)), &found, err);
}

int volume_use_filled(struct db *db, const char *container, const char *name, struct error *err)
{
	int r = db_run(db, "UPDATE volume_uses SET fill = 0 WHERE container = ?1 AND volume = ?2",
		       DB_VALUES(DB_TEXT(container), DB_TEXT(name)), err);
	return r < 0 ? r : 0;
}

static int count(struct db *db, const char *sql, const struct db_value *values, int64_t *ret, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(db, sql, values, &query, err);
	if (r >= 0)
		r = db_next(&query, err);
	if (r > 0)
		*ret = db_number(&query, 0);
	return r < 0 ? r : 0;
}

int volume_use_running(struct db *db, const char *name, int64_t *ret, struct error *err)
{
	static_assert(STATE_RUNNING == 1, "as the statement here has it");
	return count(db,
		     "SELECT count(*) FROM volume_uses u JOIN containers c ON c.id = u.container "
		     "WHERE u.volume = ?1 AND c.state = 1",
		     DB_VALUES(DB_TEXT(name)), ret, err);
}

int volume_use_others(struct db *db, const char *container, const char *name, int64_t *ret, struct error *err)
{
	return count(db, "SELECT count(*) FROM volume_uses WHERE volume = ?2 AND container != ?1",
		     DB_VALUES(DB_TEXT(container), DB_TEXT(name)), ret, err);
}
