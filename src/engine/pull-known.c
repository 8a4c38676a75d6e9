/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/pull-known.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/image.h"
#include "engine/transfer.h"
#include "image/blob.h"
#include "storage/layer.h"

/* The image of that name, if it is for the platform that is wanted: 1, or 0. */
static int find_image(struct db *db, const char *name, const struct platform *platform, char **ret_id,
		      struct error *err)
{
	return db_get_text(db,
			   "SELECT id FROM image_names JOIN images ON images.id = image WHERE name = ?1 AND os = ?2 "
			   "AND architecture = ?3 AND (variant = ?4 OR ?4 = '')",
			   DB_VALUES(DB_TEXT(name), DB_TEXT(platform->os), DB_TEXT(platform->architecture),
				     DB_TEXT(platform->variant)),
			   ret_id, err);
}

/* By which digests it is known in the repository. */
static int find_digests(struct db *db, const char *id, const char *repository, char ***ret, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	_cleanup_free_ char *prefix = mem_printf("%s@", repository);
	int r = db_query(db,
			 "SELECT substr(name, length(?2) + 1) FROM image_names WHERE image = ?1 "
			 "AND substr(name, 1, length(?2)) = ?2",
			 DB_VALUES(DB_TEXT(id), DB_TEXT(prefix)), &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0)
		strv_append(ret, db_text(&query, 0));
	return r;
}

/* Whether all that the image is made of is in the store: 1, or 0. */
static int is_whole(struct engine *engine, struct db *db, const char *id, struct error *err)
{
	_cleanup_db_query_ struct db_query blobs = { 0 }, layers = { 0 };
	int r = db_query(db, "SELECT digest FROM image_blobs WHERE image = ?1", DB_VALUES(DB_TEXT(id)), &blobs, err);
	while (r >= 0 && (r = db_next(&blobs, err)) > 0)
		if (!blob_exists(engine->store, db_text(&blobs, 0)))
			return 0;
	if (r >= 0)
		r = db_query(db, "SELECT diff_id FROM image_layers WHERE image = ?1", DB_VALUES(DB_TEXT(id)), &layers,
			     err);
	while (r >= 0 && (r = db_next(&layers, err)) > 0)
		if (!layer_exists(engine->store, db_text(&layers, 0)))
			return 0;
	return r < 0 ? r : 1;
}

static int ask_registry(struct engine *engine, const char *name, char *const *digests, char **ret_digest,
			struct error *err)
{
	_cleanup_json_ struct json_object *request = json_object_new_object();
	_cleanup_transfer_result_ struct transfer_result result = { 0 };
	json_add_string(request, "command", "check");
	json_add_string(request, "reference", name);
	json_add_strv(request, "known", digests);
	int r = transfer_run(engine, request, -1, NULL, &result, err);
	if (r >= 0)
		*ret_digest = TAKE_PTR(result.digest);
	return r;
}

/* A registry that does not answer this question may answer another, which has better words for what is wrong. */
static bool is_worth_a_pull(int r)
{
	return r == -ERR_IMG_TAG || r == -ERR_REG_ANSWER;
}

int pull_known(struct engine *engine, const char *name, const char *repository, const struct platform *platform,
	       char **ret_id, char **ret_digest, struct error *err)
{
	_cleanup_strv_ char **digests = NULL;
	_cleanup_free_ char *id = NULL, *digest = NULL;
	struct error why = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r < 0 || (r = find_image(db, name, platform, &id, err)) <= 0 ||
	    (r = find_digests(db, id, repository, &digests, err)) < 0 || !digests ||
	    (r = is_whole(engine, db, id, err)) <= 0)
		return r;
	r = ask_registry(engine, name, digests, &digest, &why);
	if (r < 0 && !is_worth_a_pull(r)) {
		*err = why;
		return r;
	}
	if (!digest)
		return 0;
	*ret_id = TAKE_PTR(id);
	*ret_digest = TAKE_PTR(digest);
	return 1;
}
