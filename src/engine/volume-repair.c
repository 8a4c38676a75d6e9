/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume-repair.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "engine/volume-attach.h"
#include "engine/volume-dir.h"
#include "engine/volume-row.h"

/* Within the transaction, so that nobody makes a volume of this name between the look at the mark and the removal. */
static int take_away(struct engine *engine, struct db *db, const char *name, char **ret_aside, struct error *err)
{
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	_cleanup_free_ char *aside = NULL;
	int r = db_begin(db, &transaction, err);
	if (r >= 0)
		r = volume_row_is_marked(db, name, err);
	if (r <= 0)
		return r;
	r = volume_unmount_unused(engine, name, err);
	if (r >= 0)
		r = volume_dir_set_aside(engine, name, &aside, err);
	if (r >= 0)
		r = volume_row_delete(db, name, err);
	if (r >= 0)
		r = db_commit(&transaction, err);
	if (r < 0)
		return r;
	*ret_aside = TAKE_PTR(aside);
	return 1;
}

int volume_finish_removal(struct engine *engine, const char *name, struct error *err)
{
	_cleanup_free_ char *aside = NULL;
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = take_away(engine, db, name, &aside, err);
	int removed = r < 0 || !aside ? 0 : volume_dir_remove(engine, aside, err);
	return removed < 0 ? removed : r;
}

/* --- directories without rows, rows without directories --- */

/* Nobody removes it meanwhile: that needs a transaction, too. */
static int make_missing(struct engine *engine, struct db *db, const char *name, struct error *err)
{
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	_cleanup_volume_ struct volume *volume = NULL;
	int r = db_begin(db, &transaction, err);
	if (r >= 0)
		r = volume_row_load(db, name, &volume, err);
	if (r <= 0)
		return r;
	log_info("volume %s: its directory is missing, making it", name);
	int dir = volume_dir_make(engine, name, err);
	fd_close(dir);
	return dir < 0 ? dir : 0;
}

static int has_row(struct db *db, const char *name, struct error *err)
{
	_cleanup_volume_ struct volume *volume = NULL;
	int r = volume_row_load(db, name, &volume, err);
	return r != 0 ? r : volume_row_is_marked(db, name, err);
}

static int adopt(struct engine *engine, struct db *db, const char *name, struct error *err)
{
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	_cleanup_volume_ struct volume *volume = NEW(struct volume);
	int r = db_begin(db, &transaction, err);
	if (r >= 0)
		r = has_row(db, name, err);
	if (r != 0 || !volume_dir_exists(engine, name))
		return MIN(r, 0);
	volume->name = mem_strdup(name);
	volume->created_at = time_now_ns();
	if (store_is_hex64(name))
		strv_append(&volume->labels, VOLUME_ANONYMOUS "=");
	r = volume_row_insert(db, volume, err);
	if (r < 0)
		return r;
	log_info("volume %s: the database has lost it, and its files are there", name);
	return db_commit(&transaction, err);
}

/* --- all of them --- */

/* The first failure is told; the rest is done nevertheless. */
struct repair {
	struct engine *engine;
	struct db *db;
	struct volume **rows; /* by name */
	size_t n_rows;
	int code;
	struct error *err;
};

static void note(struct repair *repair, int r, const struct error *failure)
{
	if (r >= 0)
		return;
	if (repair->code < 0) {
		log_failure(LOG_LEVEL_WARN, "repair a volume", failure);
		return;
	}
	repair->code = r;
	if (repair->err)
		*repair->err = *failure;
}

static int compare(const void *name, const void *volume)
{
	return strcmp(name, (*(const struct volume *const *)volume)->name);
}

static bool has_listed(const struct repair *repair, const char *name)
{
	return repair->n_rows > 0 && bsearch(name, repair->rows, repair->n_rows, sizeof *repair->rows, compare);
}

static void finish_removals(struct repair *repair)
{
	_cleanup_strv_ char **marked = NULL;
	struct error failure = { 0 };
	note(repair, volume_row_marked(repair->db, &marked, &failure), &failure);
	for (char **name = marked; name && *name; name++) {
		err_clear(&failure);
		note(repair, volume_finish_removal(repair->engine, *name, &failure), &failure);
	}
}

static void remove_aside(struct repair *repair, char *const *aside)
{
	for (; aside && *aside; aside++) {
		struct error failure = { 0 };
		note(repair, volume_dir_remove(repair->engine, *aside, &failure), &failure);
	}
}

static int sweep(struct engine *engine, const struct volume *volume, struct error *err)
{
	int r = volume_dir_sweep(engine, volume->name);
	if (r < 0)
		return err_sys(err, -r, "sweep the directory of volume %s", volume->name);
	return volume_is_mounted_on_demand(volume) ? volume_unmount_unused(engine, volume->name, err) : 0;
}

static void match_rows(struct repair *repair, char *const *names)
{
	for (size_t i = 0; i < repair->n_rows; i++) {
		const struct volume *volume = repair->rows[i];
		struct error failure = { 0 };
		if (!volume_dir_exists(repair->engine, volume->name))
			note(repair, make_missing(repair->engine, repair->db, volume->name, &failure), &failure);
		else
			note(repair, sweep(repair->engine, volume, &failure), &failure);
	}
	for (; names && *names; names++) {
		struct error failure = { 0 };
		if (!has_listed(repair, *names))
			note(repair, adopt(repair->engine, repair->db, *names, &failure), &failure);
	}
}

int volumes_repair(struct engine *engine, struct error *err)
{
	_cleanup_strv_ char **names = NULL;
	_cleanup_strv_ char **aside = NULL;
	struct repair repair = { .engine = engine, .err = err };
	int r = engine_db(engine, &repair.db, err);
	if (r < 0)
		return r;
	finish_removals(&repair);
	/* Directories before rows: of one that is made meanwhile, the row is there before the directory. */
	r = volume_dir_list(engine, &names, &aside, err);
	if (r >= 0)
		r = volume_row_list(repair.db, &repair.rows, &repair.n_rows, err);
	if (r < 0)
		return r;
	remove_aside(&repair, aside);
	match_rows(&repair, names);
	for (size_t i = 0; i < repair.n_rows; i++)
		volume_free(repair.rows[i]);
	free(repair.rows);
	return repair.code;
}
