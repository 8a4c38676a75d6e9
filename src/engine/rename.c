/* SPDX-License-Identifier: Apache-2.0 */
/* `rename`: names are the database's alone, so this needs nobody's lock (E1). */
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/name.h"
#include "engine/record.h"

int engine_container_rename(struct engine *engine, const char *name, const char *new_name, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	struct db *db;
	const char *wanted = new_name + (*new_name == '/');
	if (!*wanted)
		return err_set(err, ERR_INVALID, "cannot rename container \"%s\": the new name is empty", name);
	int r = container_load_row(engine, name, &row, err);
	if (r < 0 || (r = engine_db(engine, &db, err)) < 0)
		return r;
	if (streq(row.name, wanted))
		return err_set(err, ERR_INVALID, "cannot rename container \"%s\": it has this name already", row.name);
	r = container_name_check(wanted, err);
	return r < 0 ? r : container_row_set_name(db, row.id, wanted, err);
}
