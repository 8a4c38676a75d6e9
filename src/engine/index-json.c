/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ROOT/index.json: the database's images in the words of the OCI image layout, for other tools. It is derived, and never
 * read by us.
 *
 * Source: OCI image-spec, image-layout.md "index.json file", annotations.md.
 */
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/image.h"
#include "image/annotation.h"
#include "image/reference.h"
#include "storage/space.h"

#define INDEX_FILE "index.json"
#define LOCK_FILE "index.json.lock"

/* Every image once for each of its names; those without any once. */
static const char QUERY[] =
	"SELECT manifest, manifest_type, manifest_size, os, architecture, variant, coalesce(image_names.name, '') "
	"FROM images LEFT JOIN image_names ON image_names.image = images.id AND NOT instr(image_names.name, '@') "
	"ORDER BY 7, 1";

static void add_platform(struct json_object *manifest, const struct db_query *query)
{
	if (!*db_text(query, 3) || !*db_text(query, 4))
		return;
	struct json_object *platform = json_add_object(manifest, "platform");
	json_add_string(platform, "architecture", db_text(query, 4));
	json_add_string(platform, "os", db_text(query, 3));
	if (*db_text(query, 5))
		json_add_string(platform, "variant", db_text(query, 5));
}

static void add_name(struct json_object *manifest, const char *full)
{
	_cleanup_reference_ struct image_reference reference = { 0 };
	if (!*full || reference_parse(full, &reference, NULL) < 0)
		return;
	_cleanup_free_ char *name = reference_familiar(&reference);
	json_add_string(json_add_object(manifest, "annotations"), ANNOTATION_REF_NAME, name);
}

static int make_index(struct db *db, struct json_object **ret, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	_cleanup_json_ struct json_object *index = json_object_new_object();
	json_add_i64(index, "schemaVersion", 2);
	json_add_string(index, "mediaType", MEDIA_OCI_INDEX);
	struct json_object *manifests = json_add_array(index, "manifests");
	int r = db_query(db, QUERY, DB_NO_VALUES, &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0) {
		struct json_object *manifest = json_object_new_object();
		json_add_string(manifest, "mediaType", db_text(&query, 1));
		json_add_string(manifest, "digest", db_text(&query, 0));
		json_add_i64(manifest, "size", db_number(&query, 2));
		add_platform(manifest, &query);
		add_name(manifest, db_text(&query, 6));
		json_object_array_add(manifests, manifest);
	}
	if (r >= 0)
		*ret = TAKE_PTR(index);
	return r;
}

int index_json_is_current(struct engine *engine, struct error *err)
{
	_cleanup_json_ struct json_object *index = NULL;
	_cleanup_free_ char *there = NULL;
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = make_index(db, &index, err);
	if (r < 0)
		return r;
	const char *text = json_text(index);
	r = file_read(engine->store->root, INDEX_FILE, strlen(text), &there, NULL, NULL);
	return r >= 0 && streq(there, text);
}

/* Read and written under a lock, so that the last of several changes at once is in it. */
int index_json_write(struct engine *engine, struct error *err)
{
	struct store *store = engine->store;
	_cleanup_json_ struct json_object *index = NULL;
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r < 0)
		return r;
	_cleanup_close_ int lock = file_lock(store->root, LOCK_FILE, true, true, err);
	if (lock < 0)
		return lock;
	int64_t times;
	r = due_begin(db, DUE_INDEX, &times, err);
	if (r >= 0)
		r = make_index(db, &index, err);
	if (r < 0)
		return r;
	const char *text = json_text(index);
	r = file_write_atomic(store->root, INDEX_FILE, text, strlen(text), 0600, FILE_SYNC, err);
	return r < 0 ? space_explain(r, store->root, 0, err) : due_end(db, DUE_INDEX, times, err);
}
