/* SPDX-License-Identifier: Apache-2.0 */
/* Work that follows from a change, but cannot be in its transaction: a crash between them leaves it to the next command. */
#include "engine/engine-internal.h"
#include "engine/image.h"

int due_add(struct db *db, const char *work, struct error *err)
{
	int r = db_run(db,
		       "INSERT INTO due (work, times) VALUES (?1, 1) ON CONFLICT (work) DO UPDATE SET times = times + 1",
		       DB_VALUES(DB_TEXT(work)), err);
	return r < 0 ? r : 0;
}

int due_begin(struct db *db, const char *work, int64_t *ret_times, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(db, "SELECT times FROM due WHERE work = ?1", DB_VALUES(DB_TEXT(work)), &query, err);
	if (r >= 0)
		r = db_next(&query, err);
	if (r >= 0)
		*ret_times = r > 0 ? db_number(&query, 0) : 0;
	return r;
}

int due_end(struct db *db, const char *work, int64_t times, struct error *err)
{
	if (times == 0)
		return 0;
	int r = db_run(db, "DELETE FROM due WHERE work = ?1 AND times = ?2", DB_VALUES(DB_TEXT(work), DB_NUMBER(times)),
		       err);
	return r < 0 ? r : 0;
}

int due_work(struct engine *engine, struct error *err)
{
	struct db *db;
	int64_t times;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = due_begin(db, DUE_INDEX, &times, err);
	if (r < 0)
		return r;
	/* Garbage goes also if there is no room for the index: it makes some. */
	int indexed = r > 0 ? index_json_write(engine, err) : 0;
	r = due_begin(db, DUE_GARBAGE, &times, indexed < 0 ? NULL : err);
	if (r > 0)
		r = gc_collect(engine, NULL, indexed < 0 ? NULL : err);
	return indexed < 0 ? indexed : r;
}
