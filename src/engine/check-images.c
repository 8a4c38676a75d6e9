/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images and what they consist of, by names and sizes; image/verify.h looks at every byte. What is missing or damaged
 * cannot be repaired from here: a pull of the same image brings it again.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/check.h"
#include "engine/image.h"
#include "image/blob.h"
#include "image/digest.h"
#include "storage/layer.h"

/* --- S3 --- */

static char *blob_path(struct store *store, const char *digest)
{
	return mem_printf("%s/blobs/sha256/%s", store->path, digest_hex(digest));
}

/* Digests of the first column that the store does not have; the second is an image that has it. */
static int check_missing(struct check_run *run, const char *sql, bool (*exists)(struct store *, const char *),
			 char *(*path_of)(struct store *, const char *), struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	struct store *store = run->engine->store;
	struct db *db;
	int r = engine_db(run->engine, &db, err);
	if (r >= 0)
		r = db_query(db, sql, DB_NO_VALUES, &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0) {
		const char *digest = db_text(&query, 0);
		if (!digest_is_valid(digest)) {
			check_found(run, digest, "it is not a digest, but image %.19s has it", db_text(&query, 1));
		} else if (!exists(store, digest)) {
			_cleanup_free_ char *path = path_of(store, digest);
			check_found(run, path, "it is missing, and image %.19s has it", db_text(&query, 1));
		}
	}
	return r;
}

int check_image_contents(struct check_run *run, struct error *err)
{
	int r = check_missing(run, "SELECT digest, min(image) FROM image_blobs GROUP BY 1", blob_exists, blob_path,
			      err);
	return r < 0 ? r
		     : check_missing(run, "SELECT diff_id, min(image) FROM image_layers GROUP BY 1", layer_exists,
				     layer_path, err);
}

/* --- S1 --- */

/* One that is missing is told by others. */
static void check_size(struct check_run *run, const char *digest, uint64_t size)
{
	struct stat st;
	struct store *store = run->engine->store;
	if (!digest_is_valid(digest) || fstatat(store->blobs, digest_hex(digest), &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (uint64_t)st.st_size == size)
		return;
	_cleanup_free_ char *path = blob_path(store, digest);
	check_found(run, path, "it has %jd bytes, and not the %" PRIu64 " of its manifest", (intmax_t)st.st_size, size);
}

static void check_manifest(struct check_run *run, const char *digest)
{
	_cleanup_manifest_ struct manifest manifest = { 0 };
	_cleanup_free_ char *text = NULL;
	struct error failure = { 0 };
	size_t len;
	struct store *store = run->engine->store;
	if (!blob_exists(store, digest))
		return;
	int r = blob_read(store, digest, MANIFEST_SIZE_MAX, &text, &len, &failure);
	if (r >= 0)
		r = manifest_parse(text, len, NULL, &manifest, &failure);
	if (r < 0) {
		_cleanup_free_ char *path = blob_path(store, digest);
		check_found(run, path, "it is no manifest: %s", failure.message);
		return;
	}
	check_size(run, manifest.config.digest, manifest.config.size);
	for (size_t i = 0; i < manifest.n_layers; i++)
		check_size(run, manifest.layers[i].digest, manifest.layers[i].size);
}

int check_image_sizes(struct check_run *run, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	struct db *db;
	int r = engine_db(run->engine, &db, err);
	if (r >= 0)
		r = db_query(db, "SELECT manifest, manifest_size FROM images", DB_NO_VALUES, &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0) {
		check_size(run, db_text(&query, 0), (uint64_t)db_number(&query, 1));
		check_manifest(run, db_text(&query, 0));
	}
	return r;
}

/* --- E3 --- */

int check_garbage(struct check_run *run, struct error *err)
{
	_cleanup_strv_ char **paths = NULL;
	int r = gc_list(run->engine, &paths, err);
	for (char **at = paths; at && *at; at++) {
		_cleanup_free_ char *path = mem_printf("%s/%s", run->engine->store->path, *at);
		check_found(run, path, "no image has it");
	}
	return r;
}

int repair_garbage(struct engine *engine, struct error *err)
{
	return gc_collect(engine, NULL, err);
}
