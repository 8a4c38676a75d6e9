/* SPDX-License-Identifier: Apache-2.0 */
/* An image to a registry; the helper does the work (image/push.h). */
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/event.h"
#include "engine/image.h"
#include "engine/transfer.h"
#include "image/reference.h"

void push_result_done(struct push_result *result)
{
	free(result->digest);
	*result = (struct push_result){ 0 };
}

/* What is to be pushed. */
struct pushed {
	struct image_reference reference;
	char *full, *familiar, *familiar_repository;
	char *id, *manifest;
	int64_t manifest_size;
};

static void pushed_done(struct pushed *pushed)
{
	reference_done(&pushed->reference);
	free(pushed->full);
	free(pushed->familiar);
	free(pushed->familiar_repository);
	free(pushed->id);
	free(pushed->manifest);
}
#define _cleanup_pushed_ _cleanup_(pushed_done)

static int parse_name(const char *text, struct pushed *pushed, struct error *err)
{
	int r = reference_parse(text, &pushed->reference, err);
	if (r < 0)
		return r;
	if (pushed->reference.digest)
		return err_set(err, ERR_IMG_REF, "cannot push a digest reference: \"%s\"", text);
	pushed->full = reference_full(&pushed->reference);
	pushed->familiar = reference_familiar(&pushed->reference);
	pushed->familiar_repository = reference_familiar_repository(&pushed->reference);
	return 0;
}

static int find_image(struct db *db, struct pushed *pushed, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(db,
			 "SELECT images.id, manifest, manifest_size FROM image_names JOIN images ON images.id = image "
			 "WHERE name = ?1",
			 DB_VALUES(DB_TEXT(pushed->full)), &query, err);
	if (r >= 0)
		r = db_next(&query, err);
	if (r == 0)
		return err_set(err, ERR_IMG_NOT_FOUND, "An image does not exist locally with the tag: %s",
			       pushed->familiar_repository);
	if (r < 0)
		return r;
	pushed->id = mem_strdup(db_text(&query, 0));
	pushed->manifest = mem_strdup(db_text(&query, 1));
	pushed->manifest_size = db_number(&query, 2);
	return 0;
}

/*
 * Where else in the registry the image's blobs were seen: every "registry/repository@digest" that an image with one of
 * them has come by or gone to.
 */
static int add_sources(struct db *db, const struct pushed *pushed, struct json_object *request, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	struct json_object *sources = json_add_array(request, "sources");
	int r = db_query(db,
			 "SELECT DISTINCT own.digest, name FROM image_blobs AS own "
			 "JOIN image_blobs AS other ON other.digest = own.digest "
			 "JOIN image_names ON image_names.image = other.image "
			 "WHERE own.image = ?1 AND instr(name, '@') AND substr(name, 1, length(?2) + 1) = ?2 || '/'",
			 DB_VALUES(DB_TEXT(pushed->id), DB_TEXT(pushed->reference.registry)), &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0) {
		_cleanup_reference_ struct image_reference reference = { 0 };
		if (reference_parse(db_text(&query, 1), &reference, NULL) < 0 ||
		    streq(reference.repository, pushed->reference.repository))
			continue;
		struct json_object *source = json_object_new_object();
		json_add_string(source, "digest", db_text(&query, 0));
		json_add_string(source, "repository", reference.repository);
		json_object_array_add(sources, source);
	}
	return r;
}

/* From now on it is known by this digest, too. */
static int record(struct engine *engine, const struct pushed *pushed, struct error *err)
{
	_cleanup_free_ char *digest =
		mem_printf("%s/%s@%s", pushed->reference.registry, pushed->reference.repository, pushed->manifest);
	const struct image_arrival arrival = { .manifest = pushed->manifest, .config = pushed->id, .digest = digest };
	bool known;
	return image_record(engine, &arrival, &known, err);
}

/* Under the store's lock, so that nothing of it is collected meanwhile (S3). */
static int push(struct engine *engine, struct pushed *pushed, const struct transfer_progress *progress,
		struct error *err)
{
	_cleanup_json_ struct json_object *request = json_object_new_object();
	_cleanup_transfer_result_ struct transfer_result result = { 0 };
	_cleanup_close_ int lock = store_lock(engine->store, false, err);
	struct db *db;
	int r = lock < 0 ? lock : engine_db(engine, &db, err);
	if (r >= 0)
		r = find_image(db, pushed, err);
	if (r < 0)
		return r;
	json_add_string(request, "command", "push");
	json_add_string(request, "reference", pushed->full);
	json_add_string(request, "manifest", pushed->manifest);
	r = add_sources(db, pushed, request, err);
	if (r >= 0)
		r = transfer_run(engine, request, -1, progress, &result, err);
	return r < 0 ? r : record(engine, pushed, err);
}

int engine_push(struct engine *engine, const char *reference, const struct transfer_progress *progress,
		struct push_result *ret, struct error *err)
{
	_cleanup_pushed_ struct pushed pushed = { 0 };
	int r = parse_name(reference, &pushed, err);
	if (r >= 0)
		r = push(engine, &pushed, progress, err);
	if (r < 0)
		return r;
	event_image(engine, "push", pushed.familiar, pushed.familiar_repository);
	*ret = (struct push_result){ .digest = TAKE_PTR(pushed.manifest), .size = pushed.manifest_size };
	return 0;
}

int engine_repository_tags(struct engine *engine, const char *repository, char ***ret, struct error *err)
{
	_cleanup_reference_ struct image_reference reference = { 0 };
	struct db *db;
	int r = reference_parse(repository, &reference, err);
	if (r >= 0)
		r = engine_db(engine, &db, err);
	if (r < 0)
		return r;
	_cleanup_free_ char *prefix = mem_printf("%s/%s:", reference.registry, reference.repository);
	return db_get_texts(
		db,
		"SELECT substr(name, length(?1) + 1) FROM image_names WHERE substr(name, 1, length(?1)) = ?1 ORDER BY 1",
		DB_VALUES(DB_TEXT(prefix)), ret, err);
}
