/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `rmi`, by Docker's rules: a name goes, and with the last one the image. Containers keep the image that they are made of;
 * force takes its names, and leaves the image to stopped containers until they are gone, too.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/event.h"
#include "engine/image-mount.h"
#include "engine/image.h"
#include "image/reference.h"

enum { USERS_SHOWN = 5, SHORT_ID = 19 /* "sha256:" and twelve digits */ };

struct removal {
	struct engine *engine;
	struct db *db;
	const char *asked; /* the person's word for it */
	char *id;
	char *reference; /* in full, if that is what they said */
	bool force;
	char **names; /* all of the image's, in full */
	char **digests;
	char **untagged; /* familiar */
	bool gone;	 /* the image's rows are removed */
};

static void removal_done(struct removal *removal)
{
	free(removal->id);
	free(removal->reference);
	strv_free(removal->names);
	strv_free(removal->digests);
	strv_free(removal->untagged);
}
#define _cleanup_removal_ _cleanup_(removal_done)

/* --- names --- */

static int read_names(struct removal *removal, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	int r = db_query(removal->db, "SELECT name FROM image_names WHERE image = ?1 ORDER BY name",
			 DB_VALUES(DB_TEXT(removal->id)), &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0) {
		const char *name = db_text(&query, 0);
		strv_append(strchr(name, '@') ? &removal->digests : &removal->names, name);
	}
	return r;
}

/* "docker.io/library/busybox" of "docker.io/library/busybox:1" and "...@sha256:..." */
static size_t repository_length(const char *name)
{
	const char *at = strchr(name, '@'), *slash = strrchr(name, '/');
	if (at)
		return (size_t)(at - name);
	const char *colon = strchr(slash ? slash : name, ':');
	return colon ? (size_t)(colon - name) : strlen(name);
}

static bool same_repository(const char *a, const char *b)
{
	size_t len = repository_length(a);
	return len == repository_length(b) && strncmp(a, b, len) == 0;
}

static void say_untagged(struct removal *removal, const char *full)
{
	_cleanup_reference_ struct image_reference reference = { 0 };
	if (reference_parse(full, &reference, NULL) >= 0)
		strv_take(&removal->untagged, reference_familiar(&reference));
}

static int remove_name(struct removal *removal, const char *name, struct error *err)
{
	int r = db_run(removal->db, "DELETE FROM image_names WHERE name = ?1", DB_VALUES(DB_TEXT(name)), err);
	if (r > 0)
		say_untagged(removal, name);
	return r;
}

/* What a repository called the image by digest goes with its last tag there. */
static int remove_digests_of(struct removal *removal, const char *name, struct error *err)
{
	int r = 0;
	for (char **other = removal->names; other && *other; other++)
		if (!streq(*other, name) && same_repository(*other, name))
			return 0;
	for (char **digest = removal->digests; r >= 0 && digest && *digest; digest++)
		if (same_repository(*digest, name))
			r = remove_name(removal, *digest, err);
	return r;
}

static int remove_all_names(struct removal *removal, struct error *err)
{
	int r = 0;
	for (char **name = removal->names; r >= 0 && name && *name; name++)
		r = remove_name(removal, *name, err);
	for (char **digest = removal->digests; r >= 0 && digest && *digest; digest++)
		r = remove_name(removal, *digest, err);
	return r;
}

/* --- containers that are made of it --- */

/* "web (a1c8d3e3f34f, running), ..." in *ret; returns how many there are. */
static int list_users(struct removal *removal, char **ret, bool *ret_running, struct error *err)
{
	_cleanup_db_query_ struct db_query query = { 0 };
	_cleanup_str_ struct str users = { 0 };
	int count = 0;
	*ret_running = false;
	int r = db_query(removal->db,
			 "SELECT name, id, state FROM containers WHERE image = ?1 OR "
			 "id IN (SELECT container FROM image_uses WHERE image = ?1) ORDER BY state DESC",
			 DB_VALUES(DB_TEXT(removal->id)), &query, err);
	while (r >= 0 && (r = db_next(&query, err)) > 0) {
		enum container_state state = (enum container_state)db_number(&query, 2);
		*ret_running |= state == STATE_RUNNING;
		if (count++ < USERS_SHOWN)
			str_appendf(&users, "%s%s (%.12s, %s)", users.len ? ", " : "", db_text(&query, 0),
				    db_text(&query, 1), container_state_name(state));
	}
	if (r < 0)
		return r;
	*ret = str_take(&users);
	return count;
}

/* Returns 1 if containers have it that do not mind, 0 if there are none. */
static int check_users(struct removal *removal, struct error *err)
{
	_cleanup_free_ char *users = NULL;
	bool running;
	int count = list_users(removal, &users, &running, err);
	if (count <= 0 || (removal->force && !running))
		return count < 0 ? count : count > 0;
	err_set(err, ERR_IMG_IN_USE, "conflict: unable to remove \"%s\" (%s) - %s using its referenced image %.*s",
		removal->asked, running ? "cannot be forced" : "must be forced",
		count == 1 ? "a container is" : "containers are", SHORT_ID, removal->id);
	err_cause(err, "used by %s%s", users, count > USERS_SHOWN ? ", ..." : "");
	return err_hint(err, "coffer rm %s%.*s", running ? "-f " : "", (int)strcspn(users, " "), users);
}

/* --- the image --- */

static int remove_image(struct removal *removal, struct error *err)
{
	int users = check_users(removal, err);
	if (users < 0)
		return users;
	int r = users == 0 ? image_mount_check(removal->engine, removal->id, "remove", err) : 0;
	if (r >= 0)
		r = remove_all_names(removal, err);
	if (r >= 0 && users == 0)
		r = db_run(removal->db, "DELETE FROM images WHERE id = ?1", DB_VALUES(DB_TEXT(removal->id)), err);
	if (r >= 0)
		removal->gone = users == 0;
	return r;
}

static int check_repositories(const struct removal *removal, struct error *err)
{
	for (char **name = removal->names; !removal->force && name && *name; name++)
		if (!same_repository(*name, removal->names[0]))
			return err_set(
				err, ERR_BUSY,
				"conflict: unable to delete %.*s (must be forced) - image is referenced in multiple "
				"repositories",
				SHORT_ID, removal->id);
	return 0;
}

static int remove_by_id(struct removal *removal, struct error *err)
{
	int r = check_repositories(removal, err);
	return r < 0 ? r : remove_image(removal, err);
}

static int remove_by_reference(struct removal *removal, struct error *err)
{
	bool is_digest = strchr(removal->reference, '@') != NULL;
	size_t names = strv_count(removal->names), digests = strv_count(removal->digests);
	bool is_last = is_digest ? names == 0 && digests == 1 : names == 1;
	if (is_last)
		return remove_image(removal, err);
	int r = remove_name(removal, removal->reference, err);
	return r < 0 || is_digest ? r : remove_digests_of(removal, removal->reference, err);
}

static int remove_rows(struct removal *removal, struct error *err)
{
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	struct db *db = removal->db;
	int r = db_begin(db, &transaction, err);
	if (r >= 0)
		r = read_names(removal, err);
	if (r < 0)
		return r;
	r = removal->reference ? remove_by_reference(removal, err) : remove_by_id(removal, err);
	if (r >= 0)
		r = due_add(db, DUE_INDEX, err);
	if (r >= 0 && removal->gone)
		r = due_add(db, DUE_GARBAGE, err);
	return r < 0 ? r : db_commit(&transaction, err);
}

/* Docker has one event for each name, which does not say which. */
static void record_removal(struct engine *engine, const struct removal *removal)
{
	for (char **name = removal->untagged; name && *name; name++)
		event_image(engine, "untag", removal->id, removal->id);
	if (removal->gone)
		event_image(engine, "delete", removal->id, removal->id);
}

int engine_image_remove(struct engine *engine, const char *name, bool force, char ***ret_untagged, char ***ret_deleted,
			struct error *err)
{
	_cleanup_removal_ struct removal removal = { .engine = engine, .asked = name, .force = force };
	_cleanup_strv_ char **deleted = NULL;
	int r = engine_db(engine, &removal.db, err);
	if (r >= 0)
		r = image_resolve(engine, name, &removal.id, &removal.reference, err);
	if (r >= 0)
		r = remove_rows(&removal, err);
	if (r >= 0)
		record_removal(engine, &removal);
	/* On a full disk there is room for the index when the image has gone, and not before. */
	int indexed = r >= 0 ? index_json_write(engine, removal.gone ? NULL : err) : r;
	if (r >= 0 && removal.gone) {
		strv_append(&deleted, removal.id);
		r = gc_collect(engine, &deleted, err);
		if (r >= 0 && indexed < 0)
			indexed = index_json_write(engine, err);
	}
	r = r < 0 ? r : indexed;
	if (r < 0)
		return r;
	*ret_untagged = TAKE_PTR(removal.untagged);
	*ret_deleted = TAKE_PTR(deleted);
	return 0;
}
