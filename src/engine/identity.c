/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/identity.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "base/util.h"

#define IDENTITY_FILE "identity"

enum { FILE_SIZE_MAX = ID_HEX_LENGTH + 2 };

/* Returns 1 and the id, 0 if there is no file yet. */
static int read_file(struct engine *engine, char **ret, struct error *err)
{
	struct error why = { 0 };
	int r = file_read(engine->store->root, IDENTITY_FILE, FILE_SIZE_MAX, ret, NULL, &why);
	if (r == -ERR_NOT_FOUND)
		return 0;
	if (r < 0) {
		if (err)
			*err = why;
		return err_wrap(err, "read '%s/" IDENTITY_FILE "'", engine->store->path);
	}
	(*ret)[strcspn(*ret, "\n")] = '\0';
	return 1;
}

/* The database's own, given to it now if it has none. */
static int get_id(struct db *db, char **ret, struct error *err)
{
	char fresh[ID_HEX_LENGTH + 1];
	random_id(fresh);
	int r = db_run(db, "INSERT INTO identity (id) SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM identity)",
		       DB_VALUES(DB_TEXT(fresh)), err);
	return r < 0 ? r : db_get_text(db, "SELECT id FROM identity", DB_NO_VALUES, ret, err);
}

/* A commit may be lost with the power, and the file must not tell of one that was. */
static int write_to_disk(struct db *db, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(db, "PRAGMA wal_checkpoint(FULL)", DB_NO_VALUES, &query, err);
	return r < 0 ? r : db_next(&query, err);
}

int identity_adopt(struct engine *engine, struct error *err)
{
	_cleanup_free_ char *id = NULL;
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = get_id(db, &id, err);
	if (r >= 0)
		r = write_to_disk(db, err);
	if (r < 0)
		return r;
	_cleanup_free_ char *line = mem_printf("%s\n", id);
	return file_write_atomic(engine->store->root, IDENTITY_FILE, line, strlen(line), 0600, FILE_SYNC, err);
}

int identity_keep(struct engine *engine, struct error *err)
{
	_cleanup_free_ char *kept = NULL;
	int r = read_file(engine, &kept, err);
	return r != 0 ? MIN(r, 0) : identity_adopt(engine, err);
}

int identity_is_lost(struct engine *engine, struct error *err)
{
	_cleanup_free_ char *kept = NULL, *id = NULL;
	struct db *db;
	int r = read_file(engine, &kept, err);
	if (r <= 0)
		return r;
	r = engine_db(engine, &db, err);
	if (r >= 0)
		r = db_get_text(db, "SELECT id FROM identity", DB_NO_VALUES, &id, err);
	return r < 0 ? r : !streq_null(id, kept);
}
