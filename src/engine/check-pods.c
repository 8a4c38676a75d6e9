/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "base/str.h"
#include "engine/check.h"

static int find_each(struct check_run *run, const char *sql, const char *why, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	struct db *db;
	int r = engine_db(run->engine, &db, err);
	if (r >= 0)
		r = db_query(db, sql, DB_NO_VALUES, &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0)
		check_found(run, db_text(&query, 0), "%s", why);
	return r;
}

int check_pods(struct check_run *run, struct error *err)
{
	return find_each(run,
			 "SELECT name FROM pods WHERE NOT EXISTS "
			 "(SELECT 1 FROM containers WHERE containers.id = infra AND containers.pod = pods.id)",
			 "the pod has no infra container", err);
}

int check_pods_going(struct check_run *run, struct error *err)
{
	return find_each(run, "SELECT name FROM pods WHERE going", "the pod was being removed", err);
}
