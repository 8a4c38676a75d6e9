/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collecting what no image has (E3).
 *
 * The store's lock is the lease of whoever adds content: a pull, a load, an import holds it, shared, from before it looks what
 * is there already until all of it has its rows. Here it is held exclusively, so nothing that somebody is about to record is
 * taken for garbage (S3). The kernel releases it with the process, so a lease neither outlives its holder nor has to be
 * renewed. A collection does not wait for leases: it becomes due, and the next command does it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "engine/identity.h"
#include "engine/image.h"
#include "image/blob.h"
#include "image/digest.h"
#include "storage/layer.h"
#include "storage/mapped-copy.h"
#include "storage/parents.h"

/* One kind of content: a directory of names of 64 digits. */
struct kind {
	const char *what;
	const char *place; /* in the store */
	size_t directory;  /* its fd: offset in struct store */
	const char *sql;   /* the digests that are in use, sorted */
	int (*remove)(struct store *store, const char *digest, struct error *err);
	bool told; /* to whoever asks what was removed */
};

/* Layers first: of an interrupted collection, what is left of an image is what is quickly looked at. */
static const struct kind KINDS[] = {
	{ "layer", "layers", offsetof(struct store, layers), "SELECT DISTINCT diff_id FROM image_layers ORDER BY 1",
	  layer_remove, true },
	{ "image's directory", "parents", offsetof(struct store, parents), "SELECT id FROM images ORDER BY 1",
	  parents_remove, false },
	{ "image's copies", "mapped", offsetof(struct store, mapped), "SELECT id FROM images ORDER BY 1",
	  mapped_copies_remove, false },
	{ "blob", "blobs/sha256", offsetof(struct store, blobs), "SELECT DISTINCT digest FROM image_blobs ORDER BY 1",
	  blob_remove, false },
};

/* A growing array, for there may be many. */
struct digests {
	char **list;
	size_t count;
};

static void digests_done(struct digests *digests)
{
	for (size_t i = 0; i < digests->count; i++)
		free(digests->list[i]);
	free(digests->list);
}
#define _cleanup_digests_ _cleanup_(digests_done)

static int read_used(struct db *db, const char *sql, struct digests *ret, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(db, sql, DB_NO_VALUES, &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0)
		*ARRAY_APPEND(ret->list, ret->count) = mem_strdup(db_text(&query, 0));
	return r;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has(const struct digests *digests, const char *digest)
{
	return digests->count > 0 &&
	       bsearch(&digest, digests->list, digests->count, sizeof *digests->list, compare_texts) != NULL;
}

/* What is there of @kind, and no image has. */
static int find_unused(struct store *store, struct db *db, const struct kind *kind, struct digests *ret,
		       struct error *err)
{
	_cleanup_digests_ struct digests used = { 0 };
	int r = read_used(db, kind->sql, &used, err);
	if (r < 0)
		return r;
	int parent = *(const int *)((const char *)store + kind->directory);
	_cleanup_close_ int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return err_sys(err, errno, "list '%s' of the store", kind->place);
	TAKE_FD(fd);
	for (struct dirent *entry; (entry = readdir(dir));) {
		_cleanup_free_ char *digest = mem_printf("sha256:%s", entry->d_name);
		if (store_is_hex64(entry->d_name) && !has(&used, digest))
			*ARRAY_APPEND(ret->list, ret->count) = TAKE_PTR(digest);
	}
	return 0;
}

/* Goes on after a failure, and returns the first. */
static int collect_kind(struct store *store, struct db *db, const struct kind *kind, char ***deleted, struct error *err)
{
	_cleanup_digests_ struct digests unused = { 0 };
	int first = find_unused(store, db, kind, &unused, err);
	for (size_t i = 0; i < unused.count; i++) {
		log_debug("gc: remove %s %s", kind->what, unused.list[i]);
		int r = kind->remove(store, unused.list[i], first < 0 ? NULL : err);
		if (r >= 0 && deleted && kind->told)
			strv_append(deleted, unused.list[i]);
		if (r < 0 && first == 0)
			first = r;
	}
	return first;
}

static int collect(struct engine *engine, struct db *db, char ***deleted, struct error *err)
{
	int64_t times;
	int first = due_begin(db, DUE_GARBAGE, &times, err);
	if (first < 0)
		return first;
	for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++) {
		int r = collect_kind(engine->store, db, &KINDS[i], deleted, first < 0 ? NULL : err);
		if (r < 0 && first >= 0)
			first = r;
	}
	return first < 0 ? first : due_end(db, DUE_GARBAGE, times, err);
}

int gc_list(struct engine *engine, char ***ret, struct error *err)
{
	_cleanup_strv_ char **paths = NULL;
	struct db *db;
	int r = engine_db(engine, &db, err);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(KINDS); i++) {
		_cleanup_digests_ struct digests unused = { 0 };
		r = find_unused(engine->store, db, &KINDS[i], &unused, err);
		for (size_t j = 0; j < unused.count; j++)
			strv_take(&paths, mem_printf("%s/%s", KINDS[i].place, digest_hex(unused.list[j])));
	}
	if (r >= 0)
		*ret = TAKE_PTR(paths);
	return r;
}

int gc_collect(struct engine *engine, char ***ret_deleted, struct error *err)
{
	struct error why = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r < 0)
		return r;
	/* It may have been everything, to a database that was lost. */
	r = identity_is_lost(engine, err);
	if (r != 0)
		return MIN(r, 0);
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
