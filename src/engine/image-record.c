/* SPDX-License-Identifier: Apache-2.0 */
/* From blobs and layers in the store to an image in the database. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/identity.h"
#include "engine/image.h"
#include "engine/layer-size.h"
#include "image/blob.h"
#include "image/digest.h"
#include "storage/layer.h"
#include "storage/parents.h"

/* What the store has of an arrival. */
struct content {
	struct manifest manifest;
	int64_t manifest_size;
	struct image_config config;
	int64_t *layer_sizes; /* as config.diff_ids */
};

static void content_done(struct content *content)
{
	manifest_done(&content->manifest);
	image_config_done(&content->config);
	free(content->layer_sizes);
}
#define _cleanup_content_ _cleanup_(content_done)

/* --- reading; the helper that brought it parses hostile bytes, so what it says is looked at again --- */

static int check_digests(const struct image_arrival *arrival, struct error *err)
{
	const char *const digests[] = { arrival->manifest, arrival->config, arrival->index };
	for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
		int r = digests[i] ? digest_check(digests[i], err) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_manifest(struct store *store, const struct image_arrival *arrival, struct content *content,
			 struct error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r = blob_read(store, arrival->manifest, MANIFEST_SIZE_MAX, &text, &len, err);
	if (r >= 0)
		r = manifest_parse(text, len, NULL, &content->manifest, err);
	if (r < 0)
		return err_wrap(err, "manifest %.19s", arrival->manifest);
	content->manifest_size = (int64_t)len;
	if (content->manifest.is_index || !streq(content->manifest.config.digest, arrival->config))
		return err_set(err, ERR_IMG_MANIFEST, "manifest %.19s is not that of image %.19s", arrival->manifest,
			       arrival->config);
	return 0;
}

/* Layers that another image has are measured already. */
static int measure_layer(struct store *store, struct db *db, const char *diff_id, int64_t *ret, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	if (!layer_exists(store, diff_id))
		return err_set(err, ERR_INTERNAL, "layer '%.19s' was not unpacked", diff_id);
	int r = db_query(db, "SELECT size FROM image_layers WHERE diff_id = ?1 LIMIT 1", DB_VALUES(DB_TEXT(diff_id)), &query, err);
	if (r >= 0)
		r = db_next(&query, err);
	if (r <= 0)
		return r < 0 ? r : layer_measure(store, diff_id, ret, err);
	*ret = db_number(&query, 0);
	return 0;
}

static int read_content(struct store *store, struct db *db, const struct image_arrival *arrival,
			struct content *content, struct error *err)
{
	int r = check_digests(arrival, err);
	if (r >= 0)
		r = read_manifest(store, arrival, content, err);
	if (r >= 0)
		r = image_config_load(store, arrival->config, &content->config, err);
	if (r < 0)
		return r;
	size_t count = strv_count(content->config.diff_ids);
	if (count != content->manifest.n_layers)
		return err_set(err, ERR_IMG_MANIFEST, "image %.19s has %zu layers in its manifest and %zu in its configuration",
			       arrival->config, content->manifest.n_layers, count);
	content->layer_sizes = mem_alloc((count + 1) * sizeof *content->layer_sizes);
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = measure_layer(store, db, content->config.diff_ids[i], &content->layer_sizes[i], err);
	return r;
}

/* --- writing --- */

/* Before anybody can use it. */
static int make_parents(struct store *store, const char *id, char *const *diff_ids, struct error *err)
{
	_cleanup_strv_ char **layers = NULL;
	for (size_t i = strv_count(diff_ids); i-- > 0;)
		strv_take(&layers, layer_path(store, diff_ids[i]));
	return parents_make(store, id, layers, err);
}

static int insert_layers(struct db *db, const char *id, const struct content *content, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < content->manifest.n_layers; i++)
		r = db_run(db, "INSERT OR IGNORE INTO image_layers (image, position, diff_id, size) VALUES (?1, ?2, ?3, ?4)",
			   DB_VALUES(DB_TEXT(id), DB_NUMBER((int64_t)i), DB_TEXT(content->config.diff_ids[i]),
				     DB_NUMBER(content->layer_sizes[i])),
			   err);
	return r;
}

static int insert_blob(struct db *db, const char *id, const char *digest, struct error *err)
{
	return digest ? db_run(db, "INSERT OR IGNORE INTO image_blobs (image, digest) VALUES (?1, ?2)",
			       DB_VALUES(DB_TEXT(id), DB_TEXT(digest)), err) :
			0;
}

static int insert_blobs(struct db *db, const struct image_arrival *arrival, const struct manifest *manifest,
			struct error *err)
{
	int r = insert_blob(db, arrival->config, arrival->manifest, err);
	if (r >= 0)
		r = insert_blob(db, arrival->config, arrival->config, err);
	if (r >= 0)
		r = insert_blob(db, arrival->config, arrival->index, err);
	for (size_t i = 0; r >= 0 && i < manifest->n_layers; i++)
		r = insert_blob(db, arrival->config, manifest->layers[i].digest, err);
	return r;
}

static int insert_image(struct db *db, const struct image_arrival *arrival, const struct content *content,
			struct error *err)
{
	const struct platform *platform = &content->config.platform;
	return db_run(db,
		      "INSERT INTO images (id, manifest, manifest_type, manifest_size, os, architecture, variant, created) "
		      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id) DO UPDATE SET "
		      "manifest = ?2, manifest_type = ?3, manifest_size = ?4",
		      DB_VALUES(DB_TEXT(arrival->config), DB_TEXT(arrival->manifest),
				DB_TEXT(content->manifest.media_type ? content->manifest.media_type : ""),
				DB_NUMBER(content->manifest_size), DB_TEXT(platform->os), DB_TEXT(platform->architecture),
				DB_TEXT(platform->variant), DB_TEXT(content->config.created ? content->config.created : "")),
		      err);
}

/* Whether the name, or else the digest, meant this image before. */
static int was_known(struct db *db, const struct image_arrival *arrival, bool *ret, struct error *err)
{
	_cleanup_free_ char *before = NULL;
	const char *name = arrival->name ? arrival->name : arrival->digest;
	int r = name ? db_get_text(db, "SELECT image FROM image_names WHERE name = ?1", DB_VALUES(DB_TEXT(name)), &before,
				   err) :
		       0;
	if (r >= 0)
		*ret = r > 0 && streq(before, arrival->config);
	return r;
}

static int insert_name(struct db *db, const char *name, const char *id, struct error *err)
{
	return name ? db_run(db, "INSERT OR REPLACE INTO image_names (name, image) VALUES (?1, ?2)",
			     DB_VALUES(DB_TEXT(name), DB_TEXT(id)), err) :
		      0;
}

int image_record(struct engine *engine, const struct image_arrival *arrival, bool *ret_known, struct error *err)
{
	_cleanup_content_ struct content content = { 0 };
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = read_content(engine->store, db, arrival, &content, err);
	if (r >= 0)
		r = make_parents(engine->store, arrival->config, content.config.diff_ids, err);
	if (r >= 0)
		r = db_begin(db, &transaction, err);
	if (r < 0 || (r = was_known(db, arrival, ret_known, err)) < 0 ||
	    (r = insert_image(db, arrival, &content, err)) < 0 ||
	    (r = insert_layers(db, arrival->config, &content, err)) < 0 ||
	    (r = insert_blobs(db, arrival, &content.manifest, err)) < 0 ||
	    (r = insert_name(db, arrival->name, arrival->config, err)) < 0 ||
	    (r = insert_name(db, arrival->digest, arrival->config, err)) < 0 || (r = due_add(db, DUE_INDEX, err)) < 0)
		return r;
	r = db_commit(&transaction, err);
	if (r >= 0)
		r = identity_keep(engine, err);
	return r < 0 ? r : index_json_write(engine, err);
}
