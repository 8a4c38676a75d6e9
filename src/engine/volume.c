/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "engine/engine-internal.h"
#include "engine/event.h"
#include "engine/layer-size.h"
#include "engine/volume-dir.h"
#include "engine/volume-options.h"
#include "engine/volume-repair.h"
#include "engine/volume-row.h"

bool volume_is_anonymous(const struct volume *volume)
{
	for (char **label = volume->labels; label && *label; label++)
		if (str_starts_with(*label, VOLUME_ANONYMOUS "="))
			return true;
	return false;
}

bool volume_is_mounted_on_demand(const struct volume *volume)
{
	return strv_count(volume->options) > 0;
}

void volume_event(struct engine *engine, const char *name, const char *action, char *const *more)
{
	_cleanup_strv_ char **attributes = strv_copy(more);
	strv_append(&attributes, "driver=" VOLUME_DRIVER);
	event_record(engine, &(const struct journal_event){
				     .type = "volume", .action = action, .actor = name, .attributes = attributes });
}

/* --- making --- */

static int check_request(const struct volume_request *request, struct error *err)
{
	int r = str_is_empty(request->name) ? 0 : volume_name_check(request->name, err);
	if (r < 0)
		return r;
	if (!str_is_empty(request->driver) && !streq(request->driver, VOLUME_DRIVER)) {
		err_set(err, ERR_INVALID, "error looking up volume plugin %s: plugin \"%s\" not found", request->driver,
			request->driver);
		return err_cause(err, "the only driver is \"" VOLUME_DRIVER "\"");
	}
	return volume_options_check(request->options, err);
}

static struct volume *from_request(const struct volume_request *request)
{
	struct volume *volume = NEW(struct volume);
	char id[ID_HEX_LENGTH + 1];
	bool anonymous = str_is_empty(request->name);
	if (anonymous)
		random_id(id);
	volume->name = mem_strdup(anonymous ? id : request->name);
	volume->options = strv_copy(request->options);
	for (char *const *label = request->labels; label && *label; label++)
		strv_take(&volume->labels, mem_printf("%s%s", *label, strchr(*label, '=') ? "" : "="));
	if (anonymous)
		strv_append(&volume->labels, VOLUME_ANONYMOUS "=");
	volume->created_at = time_now_ns();
	return volume;
}

/* 1 if it was inserted; 0 for one that was there, which *volume is then. One that is about to go is finished first. */
static int insert(struct engine *engine, struct db *db, struct volume **volume, struct error *err)
{
	enum { ATTEMPTS = 10 };
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		struct volume *existing = NULL;
		struct error why = { 0 };
		int r = volume_row_insert(db, *volume, &why);
		if (r >= 0)
			return 1;
		if (r != -ERR_EXISTS) {
			if (err)
				*err = why;
			return r;
		}
		r = volume_row_load(db, (*volume)->name, &existing, err);
		if (r > 0) {
			volume_free(*volume);
			*volume = existing;
			return 0;
		}
		if (r < 0 || (r = volume_finish_removal(engine, (*volume)->name, err)) < 0)
			return r;
	}
	return err_set(err, ERR_BUSY, "volume %s is made and removed by others at the same time", (*volume)->name);
}

int engine_volume_create(struct engine *engine, const struct volume_request *request, struct volume **ret,
			 struct error *err)
{
	_cleanup_volume_ struct volume *volume = NULL;
	struct db *db;
	int r = check_request(request, err);
	if (r >= 0)
		r = engine_db(engine, &db, err);
	if (r < 0)
		return r;
	volume = from_request(request);
	r = insert(engine, db, &volume, err);
	if (r == 0)
		r = volume_options_agree(volume, request->options, err);
	else if (r > 0)
		volume_event(engine, volume->name, "create", NULL);
	if (r < 0)
		return r;
	_cleanup_close_ int dir = volume_dir_make(engine, volume->name, err);
	if (dir < 0)
		return dir;
	volume->mountpoint = volume_path(engine, volume->name);
	*ret = TAKE_PTR(volume);
	return 0;
}

/* --- finding --- */

static int not_found(const char *name, struct error *err)
{
	return err_set(err, ERR_NO_VOLUME, "get %s: no such volume", name);
}

int engine_volume_find(struct engine *engine, const char *name, struct volume **ret, struct error *err)
{
	_cleanup_volume_ struct volume *volume = NULL;
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = volume_row_load(db, name, &volume, err);
	if (r <= 0)
		return r < 0 ? r : not_found(name, err);
	volume->mountpoint = volume_path(engine, name);
	*ret = TAKE_PTR(volume);
	return 0;
}

int engine_volume_list(struct engine *engine, struct volume ***ret, size_t *ret_count, struct error *err)
{
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = volume_row_list(db, ret, ret_count, err);
	for (size_t i = 0; r >= 0 && i < *ret_count; i++)
		(*ret)[i]->mountpoint = volume_path(engine, (*ret)[i]->name);
	return r;
}

int engine_volume_size(struct engine *engine, const struct volume *volume, int64_t *ret, struct error *err)
{
	return directory_measure(volume->mountpoint, ret, err);
}

/* --- removing --- */

static int in_use(const char *name, char *const *users, struct error *err)
{
	_cleanup_free_ char *list = strv_join(users, ", ");
	err_set(err, ERR_BUSY, "remove %s: volume is in use", name);
	err_cause(err, "containers have it: %s", list);
	return err_hint(err, "coffer rm %s", users[0]);
}

/* From here on it goes, whoever finishes that. */
static int mark(struct db *db, const char *name, struct error *err)
{
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	_cleanup_volume_ struct volume *volume = NULL;
	_cleanup_strv_ char **users = NULL;
	int r = db_begin(db, &transaction, err);
	if (r >= 0)
		r = volume_row_load(db, name, &volume, err);
	if (r == 0)
		return not_found(name, err);
	if (r >= 0)
		r = volume_row_users(db, name, &users, err);
	if (r < 0)
		return r;
	if (users)
		return in_use(name, users, err);
	r = volume_row_mark(db, name, err);
	return r < 0 ? r : db_commit(&transaction, err);
}

int engine_volume_remove(struct engine *engine, const char *name, struct error *err)
{
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = mark(db, name, err);
	if (r >= 0)
		r = volume_finish_removal(engine, name, err);
	if (r >= 0)
		volume_event(engine, name, "destroy", NULL);
	return r < 0 ? r : 0;
}

/* --- showing --- */

/* Where Go has a nil map, its JSON has null. */
static void add_map(struct json_object *object, const char *key, char *const *pairs)
{
	if (strv_count(pairs) > 0)
		json_add_pairs(object, key, pairs);
	else
		json_object_object_add(object, key, NULL);
}

struct json_object *volume_describe(const struct volume *volume)
{
	struct json_object *object = json_object_new_object();
	char created[TIME_TEXT_MAX];
	json_add_string(object, "CreatedAt", time_format_rfc3339(volume->created_at, created));
	json_add_string(object, "Driver", VOLUME_DRIVER);
	add_map(object, "Labels", volume->labels);
	json_add_string(object, "Mountpoint", volume->mountpoint);
	json_add_string(object, "Name", volume->name);
	add_map(object, "Options", volume->options);
	json_add_string(object, "Scope", "local");
	return object;
}
