/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/check.h"
#include "engine/image.h"
#include "engine/network-attach.h"
#include "runtime/container.h"
#include "storage/snapshot.h"

static bool has_run_dir(struct engine *engine, const char *id)
{
	_cleanup_close_ int dir = run_dir_open(engine, id);
	return dir >= 0;
}

/* --- S5: containers --- */

/* 1 with the part that is missing, "" for all of it; 0 if nothing is. */
static int find_missing_part(struct store *store, const char *id, const char **ret)
{
	static const char *const parts[] = { "", "/upper", "/work" };
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		_cleanup_free_ char *path = mem_printf("%s%s", id, parts[i]);
		struct stat st;
		if (fstatat(store->snapshots, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
			continue;
		*ret = parts[i];
		return 1;
	}
	return 0;
}

int check_snapshots(struct check_run *run, struct error *err)
{
	_cleanup_strv_ char **ids = NULL;
	struct store *store = run->engine->store;
	const char *part;
	struct db *db;
	int r = engine_db(run->engine, &db, err);
	if (r >= 0)
		r = container_row_ids(db, &ids, err);
	for (char **id = ids; id && *id; id++) {
		/* One that is being removed loses its snapshot before its row. */
		if (!find_missing_part(store, *id, &part) || has_run_dir(run->engine, *id))
			continue;
		_cleanup_free_ char *path = mem_printf("%s/snapshots/%s%s", store->path, *id, part);
		check_found(run, path, "it is missing, and container %.12s has it", *id);
	}
	return r;
}

/* The one that is the kernel's, and empty whenever nothing is mounted. */
static int make_work(struct engine *engine, const char *id, struct error *err)
{
	_cleanup_free_ char *path = mem_printf("%s/work", id);
	if (mkdirat(engine->store->snapshots, path, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make directory 'snapshots/%s'", path);
	return 0;
}

static int make_anew(struct engine *engine, const struct container_row *row, struct error *err)
{
	_cleanup_image_ struct image *image = NULL;
	int r = engine_image_find(engine, row->image_id, &image, err);
	if (r >= 0)
		r = snapshot_remove(engine->store, row->id, err);
	return r < 0 ? r : storage_create(engine, row, image->diff_ids, err);
}

/* Of one that has never run, nothing is lost that it wrote; of another one, only a person can say what to do. */
static int repair_locked(struct engine *engine, struct db *db, const char *id, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	const char *part;
	int r = container_row_load(db, id, &row, err);
	if (r <= 0 || !find_missing_part(engine->store, id, &part))
		return r;
	if (streq(part, "/work"))
		return make_work(engine, id, err);
	return row.state == STATE_CREATED && row.started_at == 0 ? make_anew(engine, &row, err) : 0;
}

static int repair_snapshot(struct engine *engine, struct db *db, const char *id, struct error *err)
{
	_cleanup_run_dir_ struct run_dir dir = RUN_DIR_NONE;
	int r = run_dir_make(engine, id, &dir, err);
	if (r < 0)
		return r;
	r = repair_locked(engine, db, id, err);
	int removed = run_dir_remove(engine, id, &dir, r < 0 ? NULL : err);
	return r < 0 ? r : removed;
}

int repair_snapshots(struct engine *engine, struct error *err)
{
	_cleanup_strv_ char **ids = NULL;
	const char *part;
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = container_row_ids(db, &ids, err);
	for (char **id = ids; r >= 0 && id && *id; id++)
		if (find_missing_part(engine->store, *id, &part) && !has_run_dir(engine, *id))
			r = repair_snapshot(engine, db, *id, err);
	return r;
}

/* --- S5: what belongs to no container --- */

/* Where there are files that are called by a container's id. */
static const struct {
	const char *place;
	size_t fd; /* offset in struct store */
	const char *suffix;
} OWNED[] = {
	{ "snapshots", offsetof(struct store, snapshots), "" },
	{ "logs", offsetof(struct store, logs), ".log" },
	{ "records", offsetof(struct store, records), "" },
};

/* Nobody has it: neither a row nor somebody who is about to make one (the run directory comes first). */
static int is_orphan(struct engine *engine, const char *id, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	struct error failure = { 0 };
	struct db *db;
	if (has_run_dir(engine, id))
		return 0;
	int r = engine_db(engine, &db, err);
	/* A row that cannot be read is one. */
	return r < 0 ? r : container_row_load(db, id, &row, &failure) == 0;
}

static int for_each_orphan(struct engine *engine,
			   int (*act)(void *context, const char *path, const char *id, struct error *err),
			   void *context, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(OWNED); i++) {
		_cleanup_strv_ char **names = NULL;
		r = check_list(*(const int *)((const char *)engine->store + OWNED[i].fd), OWNED[i].place, &names, err);
		for (char **name = names; r >= 0 && *name; name++) {
			char id[STORE_HEX_LENGTH + 1];
			(void)str_copy(id, sizeof id, *name);
			if (!store_is_hex64(id) || !str_starts_with(*name + STORE_HEX_LENGTH, OWNED[i].suffix))
				continue;
			r = is_orphan(engine, id, err);
			_cleanup_free_ char *path = mem_printf("%s/%s/%s", engine->store->path, OWNED[i].place, *name);
			if (r > 0)
				r = act(context, path, id, err);
		}
	}
	return r;
}

static int tell_orphan(void *context, const char *path, const char *id, struct error *err)
{
	check_found(context, path, "it belongs to no container");
	return 0;
}

int check_orphans(struct check_run *run, struct error *err)
{
	return for_each_orphan(run->engine, tell_orphan, run, err);
}

static int erase_orphan(void *context, const char *path, const char *id, struct error *err)
{
	return container_erase_files(context, id, err);
}

int repair_orphans(struct engine *engine, struct error *err)
{
	return for_each_orphan(engine, erase_orphan, engine, err);
}

/* --- E2 --- */

static void check_run_dir(struct check_run *run, const char *id)
{
	_cleanup_run_dir_ struct run_dir dir = RUN_DIR_NONE;
	if (run_dir_lock(run->engine, id, 0, &dir, NULL) <= 0)
		return;
	_cleanup_free_ char *path = mem_printf("%s/containers/%s", run->engine->runroot, id);
	check_found(run, path, "the process that had it is dead");
}

/* The runtime's state is made and removed while there is a run directory. */
static int check_runtime(struct check_run *run, struct error *err)
{
	_cleanup_free_ char *root = engine_runtime_root(run->engine);
	_cleanup_strv_ char **ids = NULL;
	int r = container_list(root, &ids, err);
	for (char **id = ids; id && *id; id++) {
		_cleanup_free_ char *path = path_join(root, *id);
		if (!has_run_dir(run->engine, *id))
			check_found(run, path, "it belongs to no container that runs");
	}
	return r;
}

int check_running(struct check_run *run, struct error *err)
{
	_cleanup_strv_ char **dirs = NULL;
	_cleanup_strv_ char **rows = NULL;
	struct db *db;
	int r = run_dir_list(run->engine, &dirs, err);
	for (char **id = dirs; id && *id; id++)
		check_run_dir(run, *id);
	if (r >= 0)
		r = engine_db(run->engine, &db, err);
	if (r >= 0)
		r = container_row_running(db, run->engine->runroot, &rows, err);
	for (char **id = rows; id && *id; id++)
		if (!has_run_dir(run->engine, *id))
			check_found(run, *id, "it is said to run, and nobody has it");
	return r < 0 ? r : check_runtime(run, err);
}

/* --- N3 --- */

static int list_idle_endpoints(struct engine *engine, char ***ret, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = db_query(db,
			     "SELECT id FROM containers WHERE state <> 1 AND (id IN (SELECT container FROM endpoints) "
			     "OR id IN (SELECT container FROM ports))",
			     DB_NO_VALUES, &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0)
		if (!has_run_dir(engine, db_text(&query, 0))) /* one that is about to start reserves first */
			strv_append(ret, db_text(&query, 0));
	return r;
}

int check_endpoints(struct check_run *run, struct error *err)
{
	_cleanup_strv_ char **ids = NULL;
	int r = list_idle_endpoints(run->engine, &ids, err);
	for (char **id = ids; id && *id; id++)
		check_found(run, *id, "it does not run, and has addresses or ports");
	return r;
}

int repair_endpoints(struct engine *engine, struct error *err)
{
	_cleanup_strv_ char **ids = NULL;
	int r = list_idle_endpoints(engine, &ids, err);
	for (char **id = ids; r >= 0 && id && *id; id++)
		r = network_detach(engine, *id, err);
	return r;
}
