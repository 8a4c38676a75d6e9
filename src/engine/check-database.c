/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/check.h"
#include "engine/identity.h"

#define DATABASE "coffer.db"

/* D1: pages, indexes and constraints, as SQLite sees them. */
int check_database_file(struct check_run *run, struct error *err)
{
	_cleanup_free_ char *path = mem_printf("%s/" DATABASE, run->engine->store->path);
	_cleanup_db_query_ struct db_query query = { 0 };
	struct error failure = { 0 };
	struct db *db;
	int r = engine_db(run->engine, &db, &failure);
	if (r >= 0)
		r = db_query(db, "PRAGMA integrity_check", DB_NO_VALUES, &query, &failure);
	while (r >= 0 && (r = db_next(&query, &failure)) > 0)
		if (!streq(db_text(&query, 0), "ok"))
			check_found(run, path, "%s", db_text(&query, 0));
	if (r < 0)
		check_found(run, path, "%s", failure.message);
	return 0;
}

/* D2 */
int check_database_references(struct check_run *run, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	struct db *db;
	int r = engine_db(run->engine, &db, err);
	if (r >= 0)
		r = db_query(db, "SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2",
			     DB_NO_VALUES, &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0)
		check_found(run, db_text(&query, 0), "%jd rows refer to rows of %s that are not there",
			    (intmax_t)db_number(&query, 2), db_text(&query, 1));
	return r;
}

/* D3 */
int check_container_rows(struct check_run *run, struct error *err)
{
	_cleanup_strv_ char **ids = NULL;
	struct db *db;
	int r = engine_db(run->engine, &db, err);
	if (r >= 0)
		r = container_row_ids(db, &ids, err);
	if (r < 0)
		return r;
	for (char **id = ids; id && *id; id++) {
		_cleanup_container_row_ struct container_row row = { 0 };
		struct error failure = { 0 };
		if (container_row_load(db, *id, &row, &failure) < 0)
			check_found(run, *id, "its row cannot be read: %s", failure.message);
	}
	return 0;
}

/* --- D4 --- */

int check_identity(struct check_run *run, struct error *err)
{
	struct engine *engine = run->engine;
	_cleanup_free_ char *path = mem_printf("%s/" DATABASE, engine->store->path);
	int r = identity_is_lost(engine, err);
	if (r > 0)
		check_found(
			run, path,
			"the store was filled with another database, which is lost: put it back from a backup, or remove all "
			"that this one does not know with --repair --force");
	return MIN(r, 0);
}
