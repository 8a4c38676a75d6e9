/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collecting what no image has (E3). Content is added under the store's shared lock and looked for here under the
 * exclusive one, so nothing that somebody is about to record is taken for garbage (S3).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/image.h"
#include "image/blob.h"
#include "storage/layer.h"

/* One kind of content: a directory of names of 64 digits. */
struct kind {
	const char *what;
	const char *sql; /* the digests that are in use, sorted */
	int (*remove)(struct store *store, const char *digest, struct error *err);
};

static const struct kind BLOBS = { "blob", "SELECT DISTINCT digest FROM image_blobs ORDER BY 1", blob_remove };
static const struct kind LAYERS = { "layer", "SELECT DISTINCT diff_id FROM image_layers ORDER BY 1", layer_remove };

/* A growing array, terminated; for there may be many. */
struct used {
	char **digests;
	size_t count;
};

static void used_done(struct used *used)
{
	for (size_t i = 0; i < used->count; i++)
		free(used->digests[i]);
	free(used->digests);
}
#define _cleanup_used_ _cleanup_(used_done)

static int read_used(struct db *db, const char *sql, struct used *ret, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(db, sql, DB_NO_VALUES, &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0)
		*ARRAY_APPEND(ret->digests, ret->count) = mem_strdup(db_text(&query, 0));
	return r;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_used(const struct used *used, const char *digest)
{
	return used->count > 0 &&
	       bsearch(&digest, used->digests, used->count, sizeof *used->digests, compare_texts) != NULL;
}

/* Goes on after a failure, and returns the first. */
static int collect_unused(struct store *store, const struct kind *kind, const struct used *used, DIR *dir,
			  char ***deleted, struct error *err)
{
	int first = 0;
	for (struct dirent *entry; (entry = readdir(dir));) {
		_cleanup_free_ char *digest = mem_printf("sha256:%s", entry->d_name);
		if (!store_is_hex64(entry->d_name) || is_used(used, digest))
			continue;
		log_debug("gc: remove %s %s", kind->what, digest);
		int r = kind->remove(store, digest, first < 0 ? NULL : err);
		if (r >= 0 && deleted)
			strv_append(deleted, digest);
		if (r < 0 && first == 0)
			first = r;
	}
	return first;
}

static int collect_kind(struct store *store, struct db *db, const struct kind *kind, int parent, char ***deleted,
			struct error *err)
{
	_cleanup_used_ struct used used = { 0 };
	int r = read_used(db, kind->sql, &used, err);
	if (r < 0)
		return r;
	_cleanup_close_ int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return err_sys(err, errno, "list the %ss of the store", kind->what);
	TAKE_FD(fd);
	return collect_unused(store, kind, &used, dir, deleted, err);
}

static int collect(struct engine *engine, struct db *db, char ***deleted, struct error *err)
{
	int64_t times;
	int r = due_begin(db, DUE_GARBAGE, &times, err);
	if (r < 0)
		return r;
	r = collect_kind(engine->store, db, &LAYERS, engine->store->layers, deleted, err);
	int blobs = collect_kind(engine->store, db, &BLOBS, engine->store->blobs, NULL, r < 0 ? NULL : err);
	if (r >= 0)
		r = blobs;
	return r < 0 ? r : due_end(db, DUE_GARBAGE, times, err);
}

int gc_collect(struct engine *engine, char ***ret_deleted, struct error *err)
{
	struct error why = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r < 0)
		return r;
	/* As store_lock(), but a pull that takes an hour is not waited for. */
	_cleanup_close_ int lock = file_lock(engine->store->root, "lock", true, false, &why);
	if (lock == -ERR_BUSY)
		return due_add(db, DUE_GARBAGE, err);
	if (lock < 0) {
		if (err)
			*err = why;
		return lock;
	}
	return collect(engine, db, ret_deleted, err);
}
