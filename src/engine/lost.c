/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A database that knows nothing beside a store that is full has been lost, or put back empty. By its word all that people
 * have would be rubbish, so nothing is removed on it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "engine/engine-internal.h"

/* A collection that is due follows from an image that this database had, and has no more. */
static int knows_nothing(struct engine *engine, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = db_query(
			db,
			"SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM containers) AND NOT EXISTS (SELECT 1 FROM images) "
			"AND NOT EXISTS (SELECT 1 FROM due WHERE work = 'garbage')",
			DB_NO_VALUES, &query, err);
	return r < 0 ? r : db_next(&query, err);
}

static int has_content(int directory, const char *what, struct error *err)
{
	_cleanup_close_ int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return err_sys(err, errno, "list the %s of the store", what);
	TAKE_FD(fd);
	for (struct dirent *entry; (entry = readdir(dir));)
		if (store_is_hex64(entry->d_name))
			return 1;
	return 0;
}

int database_is_lost(struct engine *engine, struct error *err)
{
	int r = knows_nothing(engine, err);
	if (r <= 0)
		return r;
	r = has_content(engine->store->layers, "layers", err);
	return r != 0 ? r : has_content(engine->store->snapshots, "snapshots", err);
}

int database_refuse_lost(struct engine *engine, struct error *err)
{
	const char *path = engine->store->path;
	err_set(err, ERR_STATE,
		"cannot repair '%s': the database has no containers and no images, so nothing is removed", path);
	err_cause(err, "the store has layers or snapshots, and a database that is lost may be what knew them");
	return err_hint(err, "put a copy of '%s/coffer.db' back before anything is pulled or loaded", path);
}
