/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/event.h"
#include "image/blob.h"
#include "image/digest.h"
#include "image/reference.h"
#include "image/short-name.h"

#define ID_PREFIX "sha256:"

void image_free(struct image *image)
{
	if (!image)
		return;
	free(image->id);
	free(image->manifest);
	free(image->created);
	strv_free(image->names);
	strv_free(image->digests);
	strv_free(image->diff_ids);
	free(image);
}

/* --- what a text means --- */

static int find_id(struct db *db, const char *id, char **ret, struct error *err)
{
	return db_get_text(db, "SELECT id FROM images WHERE id = ?1", DB_VALUES(DB_TEXT(id)), ret, err);
}

/* The hexadecimal digits of something that may be an id or the beginning of one, or NULL. */
static const char *digits_of(const char *text)
{
	const char *digits = str_after(text, ID_PREFIX);
	digits = digits ? digits : text;
	size_t len = strlen(digits);
	return len > 0 && len <= DIGEST_HEX_LENGTH && strspn(digits, "0123456789abcdef") == len ? digits : NULL;
}

/* 1 for one, 0 for none; ERR_INVALID for several. */
static int find_prefix(struct db *db, const char *digits, char **ret, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	_cleanup_free_ char *from = mem_printf(ID_PREFIX "%s", digits);
	_cleanup_free_ char *end = mem_printf("%sg", from); /* behind all hexadecimal digits */
	_cleanup_free_ char *found = NULL;
	int r = db_query(db, "SELECT id FROM images WHERE id >= ?1 AND id < ?2 LIMIT 2",
			 DB_VALUES(DB_TEXT(from), DB_TEXT(end)), &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0) {
		if (found)
			return err_set(err, ERR_INVALID, "Multiple IDs found with provided prefix: %s", digits);
		found = mem_strdup(db_text(&query, 0));
	}
	if (r < 0 || !found)
		return r;
	*ret = TAKE_PTR(found);
	return 1;
}

/* "registry/repository@digest" counts by its digest, whatever tag stands before it. */
static char *digest_name(const struct image_reference *reference)
{
	return mem_printf("%s/%s@%s", reference->registry, reference->repository, reference->digest);
}

static int find_reference(struct db *db, const struct image_reference *reference, char **ret_id, char **ret_reference,
			  struct error *err)
{
	_cleanup_free_ char *name = reference->digest ? digest_name(reference) : reference_full(reference);
	int r = db_get_text(db, "SELECT image FROM image_names WHERE name = ?1", DB_VALUES(DB_TEXT(name)), ret_id, err);
	if (r > 0 && ret_reference)
		*ret_reference = TAKE_PTR(name);
	return r;
}

/*
 * A short name means what it would be pulled as, and else what `tag` and `import` make of it. Files that make no sense are
 * told by a pull; what is here can be used, and removed, without them.
 */
static int find_name(struct db *db, const char *text, const struct image_reference *reference, char **ret_id,
		     char **ret_reference, struct error *err)
{
	_cleanup_short_name_ struct short_name name = { 0 };
	int r = 0;
	if (reference_is_short(text))
		(void)short_name_find(text, &name, NULL);
	for (char **at = name.rule == SHORT_NAME_NONE ? NULL : name.names; r == 0 && at && *at; at++) {
		_cleanup_reference_ struct image_reference meant = { 0 };
		r = reference_parse(*at, &meant, err);
		if (r >= 0)
			r = find_reference(db, &meant, ret_id, ret_reference, err);
	}
	return r == 0 ? find_reference(db, reference, ret_id, ret_reference, err) : r;
}

/* Names that are nearly the same, for the hint. */
static char *nearest_name(struct db *db, const char *text)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	_cleanup_strv_ char **names = NULL;
	int r = db_query(db, "SELECT name FROM image_names WHERE NOT instr(name, '@')", DB_NO_VALUES, &query, NULL);
	while (r >= 0 && (r = db_next(&query, NULL)) > 0) {
		_cleanup_reference_ struct image_reference reference = { 0 };
		if (reference_parse(db_text(&query, 0), &reference, NULL) < 0)
			continue;
		strv_take(&names, reference_familiar(&reference));
		strv_take(&names, reference_familiar_repository(&reference));
	}
	const char *nearest = str_nearest(text, (const char *const *)names);
	return mem_strdup(nearest);
}

static int not_found(struct db *db, const char *text, const struct image_reference *reference, struct error *err)
{
	_cleanup_free_ char *familiar = reference->repository ? reference_familiar(reference) : NULL;
	_cleanup_free_ char *nearest = nearest_name(db, text);
	err_set(err, ERR_IMG_NOT_FOUND, "No such image: %s", familiar ? familiar : text);
	return nearest ? err_hint(err, "did you mean %s?", nearest) : -ERR_IMG_NOT_FOUND;
}

/* A whole id, then a name, then the beginning of an id: as Docker. */
static int resolve(struct db *db, const char *text, char **ret_id, char **ret_reference, struct error *err)
{
	_cleanup_reference_ struct image_reference reference = { 0 };
	struct error why = { 0 };
	const char *digits = digits_of(text);
	_cleanup_free_ char *id = digits ? mem_printf(ID_PREFIX "%s", digits) : NULL;
	int r = id && digest_is_valid(id) ? find_id(db, id, ret_id, err) : 0;
	if (r != 0)
		return r;
	int parsed = reference_parse(text, &reference, &why);
	if (parsed >= 0)
		r = find_name(db, text, &reference, ret_id, ret_reference, err);
	if (r == 0 && digits)
		r = find_prefix(db, digits, ret_id, err);
	if (r != 0)
		return r;
	if (parsed >= 0 || digits)
		return not_found(db, text, &reference, err);
	if (err)
		*err = why;
	return parsed;
}

int image_resolve(struct engine *engine, const char *text, char **ret_id, char **ret_reference, struct error *err)
{
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r < 0)
		return r;
	if (ret_reference)
		*ret_reference = NULL;
	r = resolve(db, text, ret_id, ret_reference, err);
	return r < 0 ? r : 0;
}

int engine_image_name(struct engine *engine, const char *text, char **ret, struct error *err)
{
	_cleanup_reference_ struct image_reference reference = { 0 };
	_cleanup_free_ char *id = NULL, *name = NULL;
	struct db *db;
	int r = reference_parse(text, &reference, err);
	if (r >= 0)
		r = engine_db(engine, &db, err);
	if (r >= 0)
		r = find_name(db, text, &reference, &id, &name, err);
	if (r >= 0)
		*ret = name ? TAKE_PTR(name) : reference_full(&reference);
	return r < 0 ? r : 0;
}

/* --- reading --- */

static char *familiar_name(const char *full)
{
	_cleanup_reference_ struct image_reference reference = { 0 };
	return reference_parse(full, &reference, NULL) < 0 ? mem_strdup(full) : reference_familiar(&reference);
}

static int read_names(struct db *db, struct image *image, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(db, "SELECT name FROM image_names WHERE image = ?1 ORDER BY name",
			 DB_VALUES(DB_TEXT(image->id)), &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0) {
		const char *name = db_text(&query, 0);
		strv_take(strchr(name, '@') ? &image->digests : &image->names, familiar_name(name));
	}
	return r;
}

static int read_layers(struct db *db, struct image *image, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(db, "SELECT diff_id, size FROM image_layers WHERE image = ?1 ORDER BY position",
			 DB_VALUES(DB_TEXT(image->id)), &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0) {
		strv_append(&image->diff_ids, db_text(&query, 0));
		image->size += db_number(&query, 1);
	}
	return r;
}

#define COLUMNS "id, manifest, created"

static int read_image(struct db *db, const struct db_query *query, struct image **ret, struct error *err)
{
	_cleanup_image_ struct image *image = NEW(struct image);
	image->id = mem_strdup(db_text(query, 0));
	image->manifest = mem_strdup(db_text(query, 1));
	image->created = mem_strdup(db_text(query, 2));
	int r = read_names(db, image, err);
	if (r >= 0)
		r = read_layers(db, image, err);
	if (r >= 0)
		*ret = TAKE_PTR(image);
	return r;
}

int engine_image_find(struct engine *engine, const char *name, struct image **ret, struct error *err)
{
	_cleanup_free_ char *id = NULL;
	_cleanup_db_query_ struct db_query query = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = image_resolve(engine, name, &id, NULL, err);
	if (r >= 0)
		r = db_query(db, "SELECT " COLUMNS " FROM images WHERE id = ?1", DB_VALUES(DB_TEXT(id)), &query, err);
	if (r >= 0)
		r = db_next(&query, err);
	if (r == 0)
		return err_set(err, ERR_IMG_NOT_FOUND, "No such image: %s", name);
	return r < 0 ? r : read_image(db, &query, ret, err);
}

int engine_image_list(struct engine *engine, struct image ***ret, size_t *ret_count, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	struct image **images = NULL;
	size_t count = 0;
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = db_query(db, "SELECT " COLUMNS " FROM images ORDER BY created DESC, id", DB_NO_VALUES, &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0)
		r = read_image(db, &query, ARRAY_APPEND(images, count), err);
	if (r < 0) {
		for (size_t i = 0; i < count; i++)
			image_free(images[i]);
		free(images);
		return r;
	}
	*ret = images;
	*ret_count = count;
	return 0;
}

int image_config_load(struct store *store, const char *id, struct image_config *ret, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = blob_read(store, id, IMAGE_CONFIG_SIZE_MAX, &text, &len, err);
	if (r >= 0)
		r = image_config_parse(text, len, ret, err);
	return r < 0 ? err_wrap(err, "image %.19s", id) : 0;
}

int engine_image_config(struct engine *engine, const struct image *image, struct image_config *ret, struct error *err)
{
	return image_config_load(engine->store, image->id, ret, err);
}

/* --- another name --- */

static int parse_target(const char *target, char **ret, char **ret_familiar, struct error *err)
{
	_cleanup_reference_ struct image_reference reference = { 0 };
	int r = reference_parse(target, &reference, err);
	if (r < 0)
		return r;
	if (reference.digest)
		return err_set(err, ERR_IMG_REF, "\"%s\": refusing to create a tag with a digest reference", target);
	*ret = reference_full(&reference);
	*ret_familiar = reference_familiar(&reference);
	return 0;
}

static int set_name(struct db *db, const char *name, const char *id, struct error *err)
{
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	int r = db_begin(db, &transaction, err);
	if (r >= 0)
		r = db_run(db, "INSERT OR REPLACE INTO image_names (name, image) VALUES (?1, ?2)",
			   DB_VALUES(DB_TEXT(name), DB_TEXT(id)), err);
	if (r >= 0)
		r = due_add(db, DUE_INDEX, err);
	return r < 0 ? r : db_commit(&transaction, err);
}

int engine_image_tag(struct engine *engine, const char *source, const char *target, struct error *err)
{
	_cleanup_free_ char *id = NULL;
	_cleanup_free_ char *name = NULL;
	_cleanup_free_ char *familiar = NULL;
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = parse_target(target, &name, &familiar, err);
	if (r >= 0)
		r = image_resolve(engine, source, &id, NULL, err);
	if (r >= 0)
		r = set_name(db, name, id, err);
	if (r == -ERR_BUSY)
		return err_set(err, ERR_IMG_NOT_FOUND, "No such image: %s (it has just been removed)", source);
	if (r < 0)
		return r;
	event_image(engine, "tag", id, familiar);
	return index_json_write(engine, err);
}
