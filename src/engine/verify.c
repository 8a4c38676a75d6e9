/* SPDX-License-Identifier: Apache-2.0 */
/* Are the images still what they were? The helper looks (image/verify.h); here is what belongs to which image. */
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/image-mount.h"
#include "engine/image.h"
#include "engine/transfer.h"

/* An image that is looked at. */
struct subject {
	struct image *image;
	char **blobs; /* all that it refers to, as the database has it */
	struct image_verdict verdict;
};

struct verification {
	struct engine *engine;
	struct subject *subjects;
	size_t count;
};

void image_verdicts_free(struct image_verdict *verdicts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(verdicts[i].name);
		for (size_t j = 0; j < verdicts[i].n_damages; j++) {
			free(verdicts[i].damages[j].path);
			free(verdicts[i].damages[j].why);
		}
		free(verdicts[i].damages);
	}
	free(verdicts);
}

static void verification_done(struct verification *verification)
{
	for (size_t i = 0; i < verification->count; i++) {
		struct subject *subject = &verification->subjects[i];
		struct image_verdict *verdict = NEW(struct image_verdict);
		*verdict = subject->verdict;
		image_verdicts_free(verdict, 1);
		image_free(subject->image);
		strv_free(subject->blobs);
	}
	free(verification->subjects);
}
#define _cleanup_verification_ _cleanup_(verification_done)

/* --- what is looked at --- */

static int read_blobs(struct engine *engine, const char *id, char ***ret, struct error *err)
{
	struct db *db;
	int r = engine_db(engine, &db, err);
	return r < 0 ? r
		     : db_get_texts(db, "SELECT digest FROM image_blobs WHERE image = ?1", DB_VALUES(DB_TEXT(id)), ret,
				    err);
}

/* Takes @image over. */
static int add_subject(struct verification *verification, struct image *image, const char *name, struct error *err)
{
	struct subject *subject = ARRAY_APPEND(verification->subjects, verification->count);
	subject->image = image;
	subject->verdict.name = mem_strdup(name);
	int r = read_blobs(verification->engine, image->id, &subject->blobs, err);
	subject->verdict.n_blobs = strv_count(subject->blobs);
	subject->verdict.n_layers = strv_count(image->diff_ids);
	return r;
}

static int add_named(struct verification *verification, char *const *names, struct error *err)
{
	int r = 0;
	for (; r >= 0 && *names; names++) {
		struct image *image;
		r = engine_image_find(verification->engine, *names, &image, err);
		if (r >= 0)
			r = add_subject(verification, image, *names, err);
	}
	return r;
}

static int add_all(struct verification *verification, struct error *err)
{
	struct image **images = NULL;
	size_t count = 0;
	int r = engine_image_list(verification->engine, &images, &count, err);
	for (size_t i = 0; r >= 0 && i < count; i++) {
		struct image *image = TAKE_PTR(images[i]);
		r = add_subject(verification, image, image->names ? image->names[0] : image->id, err);
	}
	for (size_t i = 0; i < count; i++)
		image_free(images[i]);
	free(images);
	return r;
}

static void append_new(struct json_object *array, struct json_object *seen, const char *digest)
{
	if (json_object_object_get_ex(seen, digest, NULL))
		return;
	json_add_bool(seen, digest, true);
	json_append_string(array, digest);
}

/* Every blob once, and every manifest. */
static struct json_object *make_request(const struct verification *verification)
{
	struct json_object *request = json_object_new_object();
	_cleanup_json_ struct json_object *seen = json_object_new_object();
	json_add_string(request, "command", "verify");
	struct json_object *blobs = json_add_array(request, "blobs"), *manifests = json_add_array(request, "manifests");
	for (size_t i = 0; i < verification->count; i++) {
		for (char **blob = verification->subjects[i].blobs; blob && *blob; blob++)
			append_new(blobs, seen, *blob);
		json_append_string(manifests, verification->subjects[i].image->manifest);
	}
	return request;
}

/* --- what is found --- */

static bool has(const struct subject *subject, const char *digest)
{
	return strv_contains(subject->blobs, digest) || strv_contains(subject->image->diff_ids, digest);
}

static void on_damage(void *context, const char *digest, const char *object, const char *path, const char *why)
{
	const struct verification *verification = context;
	for (size_t i = 0; i < verification->count; i++) {
		struct subject *subject = &verification->subjects[i];
		if (!has(subject, digest))
			continue;
		struct image_verdict *verdict = &subject->verdict;
		struct image_damage *damage = ARRAY_APPEND(verdict->damages, verdict->n_damages);
		damage->path = mem_printf("%s/%s%s%s", verification->engine->store->path, object, path ? "/" : "",
					  path ? path : "");
		damage->why = mem_strdup(why);
		damage->is_layer = strv_contains(subject->image->diff_ids, digest);
	}
}

static void take_verdicts(struct verification *verification, struct image_verdict **ret, size_t *ret_count)
{
	struct image_verdict *verdicts = mem_alloc((verification->count + 1) * sizeof *verdicts);
	for (size_t i = 0; i < verification->count; i++) {
		verdicts[i] = verification->subjects[i].verdict;
		verification->subjects[i].verdict = (struct image_verdict){ 0 };
	}
	*ret = verdicts;
	*ret_count = verification->count;
}

#define SHARERS "SELECT image FROM image_layers WHERE diff_id IN (SELECT diff_id FROM image_layers WHERE image = ?1)"

static int check_containers(struct db *db, const struct subject *subject, struct error *err)
{
	_cleanup_free_ char *name = NULL;
	int r = db_get_text(db,
			    "SELECT name FROM containers WHERE state = 1 AND (image IN (" SHARERS ") OR id IN "
			    "(SELECT container FROM image_uses WHERE image IN (" SHARERS "))) LIMIT 1",
			    DB_VALUES(DB_TEXT(subject->image->id)), &name, err);
	if (r <= 0)
		return r;
	err_set(err, ERR_BUSY, "cannot repair '%s': container %s runs on its layers", subject->verdict.name, name);
	return err_hint(err, "coffer stop %s", name);
}

static int check_mounts(struct engine *engine, struct db *db, const struct subject *subject, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(db, "SELECT DISTINCT image FROM (" SHARERS ")", DB_VALUES(DB_TEXT(subject->image->id)), &query,
			 err);
	while (r >= 0 && (r = db_next(&query, err)) > 0)
		r = image_mount_check(engine, db_text(&query, 0), "repair", err);
	return r;
}

/* Who has a layer's directory in a mount would lose its files with it. */
static int check_idle(struct verification *verification, struct error *err)
{
	struct db *db;
	int r = engine_db(verification->engine, &db, err);
	for (size_t i = 0; r >= 0 && i < verification->count; i++) {
		const struct subject *subject = &verification->subjects[i];
		r = check_containers(db, subject, err);
		if (r >= 0)
			r = check_mounts(verification->engine, db, subject, err);
	}
	return r;
}

int engine_images_verify(struct engine *engine, char *const *names, bool repair, struct image_verdict **ret,
			 size_t *ret_count, struct error *err)
{
	_cleanup_verification_ struct verification verification = { .engine = engine };
	_cleanup_transfer_result_ struct transfer_result result = { 0 };
	const struct transfer_progress progress = { .context = &verification, .damage = on_damage };
	/* Nothing of them is collected until all is read (S3). */
	_cleanup_close_ int lock = store_lock(engine->store, false, err);
	int r = lock;
	if (r >= 0)
		r = names && *names ? add_named(&verification, names, err) : add_all(&verification, err);
	if (r >= 0 && repair)
		r = check_idle(&verification, err);
	if (r < 0)
		return r;
	_cleanup_json_ struct json_object *request = make_request(&verification);
	if (repair)
		json_add_bool(request, "repair", true);
	r = transfer_run(engine, request, -1, &progress, &result, err);
	if (r < 0)
		return err_wrap(err, "cannot verify");
	take_verdicts(&verification, ret, ret_count);
	return 0;
}
