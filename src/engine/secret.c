/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/secret.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "storage/space.h"

#define ABOUT_FILE "about.json"
#define DATA_FILE "data"
#define STAGED "secret" /* its name before it has its own */

enum {
	NAME_MAX_LENGTH = 253,
	ID_LENGTH = 25,
	ABOUT_SIZE_MAX = 1 << 20,
};

void secret_free(struct secret *secret)
{
	if (!secret)
		return;
	free(secret->name);
	free(secret->id);
	strv_free(secret->labels);
	free(secret);
}

/* --- places --- */

/* Returns the fd of ROOT/secrets, or -ENOENT as long as nobody has made a secret. */
static int open_secrets(struct engine *engine)
{
	int fd = openat(engine->store->root, "secrets", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_failed(int r, struct error *err)
{
	return err_sys(err, -r, "open the directory of secrets");
}

static bool is_secret(const char *name)
{
	return name[0] != '.';
}

static int check_name(const char *name, struct error *err)
{
	size_t len = strlen(name);
	if (len > 0 && len <= NAME_MAX_LENGTH && is_secret(name) && !strpbrk(name, "=/,"))
		return 0;
	return err_set(err, ERR_INVALID,
		       "invalid name of a secret \"%.300s\": it has 1 to %d characters, does not begin with a dot, and "
		       "has no \"=\", \"/\" or \",\"",
		       name, NAME_MAX_LENGTH);
}

static int none(const char *name, struct error *err)
{
	err_set(err, ERR_NO_SECRET, "No such secret: %s", name);
	return err_hint(err, "coffer secret ls");
}

/* The same, made if it is missing. */
static int make_secrets(struct engine *engine, struct error *err)
{
	if (mkdirat(engine->store->root, "secrets", 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make the directory of secrets");
	int dir = open_secrets(engine);
	return dir < 0 ? open_failed(dir, err) : dir;
}

static DIR *list_directory(int secrets)
{
	int fd = openat(secrets, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		fd_close(fd);
	return dir;
}

/* --- reading --- */

static int parse_about(const struct json_node *root, struct secret *secret, struct error *err)
{
	const char *id;
	int r = json_as_object(root, err);
	if (r < 0 || (r = json_need_string(root, "id", &id, err)) < 0 ||
	    (r = json_get_i64(root, "createdAt", 0, INT64_MAX, &secret->created_at, err)) < 0 ||
	    (r = json_get_i64(root, "updatedAt", 0, INT64_MAX, &secret->updated_at, err)) < 0)
		return r;
	secret->id = mem_strdup(id);
	return json_get_strv(root, "labels", &secret->labels, err);
}

/* 0 if it is gone. */
static int load(int secrets, const char *name, struct secret **ret, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	_cleanup_close_ int dir = openat(secrets, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : open_failed(-errno, err);
	struct error failure = { 0 };
	int r = json_load(dir, ABOUT_FILE, ABOUT_SIZE_MAX, ERR_INTERNAL, &document, &failure);
	if (r == -ERR_NOT_FOUND) /* it was removed since */
		return 0;
	_cleanup_secret_ struct secret *secret = NEW(struct secret);
	secret->name = mem_strdup(name);
	struct json_node root = json_root(&document);
	if (r >= 0)
		r = parse_about(&root, secret, &failure);
	if (r < 0) {
		if (err)
			*err = failure;
		return err_wrap(err, "secret \"%s\"", name);
	}
	*ret = TAKE_PTR(secret);
	return 1;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp((*(const struct secret *const *)a)->name, (*(const struct secret *const *)b)->name);
}

int engine_secret_list(struct engine *engine, struct secret ***ret, size_t *ret_count, struct error *err)
{
	struct secret **list = NULL;
	size_t count = 0;
	int r = 0;
	_cleanup_close_ int secrets = open_secrets(engine);
	if (secrets < 0 && secrets != -ENOENT)
		return open_failed(secrets, err);
	_cleanup_closedir_ DIR *dir = secrets < 0 ? NULL : list_directory(secrets);
	for (struct dirent *entry; r >= 0 && dir && (entry = readdir(dir));) {
		struct secret *secret = NULL;
		r = is_secret(entry->d_name) ? load(secrets, entry->d_name, &secret, err) : 0;
		if (r > 0)
			*ARRAY_APPEND(list, count) = secret;
	}
	if (r >= 0) {
		if (count > 0)
			qsort(list, count, sizeof *list, compare_names);
		*ret = list;
		*ret_count = count;
		return 0;
	}
	while (count > 0)
		secret_free(list[--count]);
	free(list);
	return r;
}

/* Takes out of @list the one that has this id, or the only one whose id begins so. NULL: none, or several. */
static struct secret *take_by_id(struct secret **list, size_t count, const char *prefix)
{
	struct secret **found = NULL;
	for (size_t i = 0; i < count; i++) {
		if (!str_starts_with(list[i]->id, prefix))
			continue;
		if (found)
			return NULL;
		found = &list[i];
	}
	return found ? TAKE_PTR(*found) : NULL;
}

static int find_by_id(struct engine *engine, const char *prefix, struct secret **ret, struct error *err)
{
	struct secret **list = NULL;
	size_t count = 0;
	int r = engine_secret_list(engine, &list, &count, err);
	if (r < 0)
		return r;
	struct secret *found = *prefix ? take_by_id(list, count, prefix) : NULL;
	while (count > 0)
		secret_free(list[--count]);
	free(list);
	if (!found)
		return none(prefix, err);
	*ret = found;
	return 0;
}

int engine_secret_find(struct engine *engine, const char *name, struct secret **ret, struct error *err)
{
	_cleanup_close_ int secrets = open_secrets(engine);
	if (secrets < 0)
		return secrets == -ENOENT ? none(name, err) : open_failed(secrets, err);
	int r = check_name(name, NULL) < 0 ? 0 : load(secrets, name, ret, err);
	return r == 0 ? find_by_id(engine, name, ret, err) : r < 0 ? r : 0;
}

int engine_secret_read(struct engine *engine, const char *name, char **ret, size_t *ret_len, struct error *err)
{
	_cleanup_secret_ struct secret *secret = NULL;
	int r = engine_secret_find(engine, name, &secret, err);
	if (r < 0)
		return r;
	_cleanup_close_ int secrets = open_secrets(engine);
	if (secrets < 0)
		return open_failed(secrets, err);
	_cleanup_free_ char *path = path_join(secret->name, DATA_FILE);
	r = file_read(secrets, path, SECRET_SIZE_MAX, ret, ret_len, err);
	return r < 0 ? err_wrap(err, "secret \"%s\"", secret->name) : 0;
}

/* --- making and removing --- */

static int write_about(const struct secret *secret, int dir, struct error *err)
{
	_cleanup_json_ struct json_object *object = json_object_new_object();
	json_add_string(object, "id", secret->id);
	json_add_i64(object, "createdAt", secret->created_at);
	json_add_i64(object, "updatedAt", secret->updated_at);
	json_add_strv(object, "labels", secret->labels);
	const char *text = json_text(object);
	return file_write_atomic(dir, ABOUT_FILE, text, strlen(text), 0600, FILE_SYNC | FILE_EXACT_MODE, err);
}

static int write_secret(int stage, const struct secret *secret, const struct secret_data *data, struct error *err)
{
	if (mkdirat(stage, STAGED, 0700) < 0)
		return err_sys(err, errno, "make a directory for the secret");
	_cleanup_close_ int dir = openat(stage, STAGED, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return open_failed(-errno, err);
	int r = file_write_atomic(dir, DATA_FILE, data->data, data->len, 0600, FILE_SYNC | FILE_EXACT_MODE, err);
	return r < 0 ? r : write_about(secret, dir, err);
}

/* The one that had the name is in the stage afterwards. */
static int publish(int stage, int secrets, const struct secret_data *data, struct error *err)
{
	if (renameat2(stage, STAGED, secrets, data->name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EEXIST && !data->replace) {
		err_set(err, ERR_EXISTS, "secret name \"%s\" is in use", data->name);
		return err_hint(err, "--replace");
	}
	if (errno == EEXIST && renameat2(stage, STAGED, secrets, data->name, RENAME_EXCHANGE) == 0)
		return 0;
	return err_sys(err, errno, "name the secret \"%s\"", data->name);
}

static int stage_and_publish(struct engine *engine, const struct secret *secret, const struct secret_data *data,
			     struct error *err)
{
	_cleanup_close_ int secrets = make_secrets(engine, err);
	_cleanup_free_ char *name = NULL;
	if (secrets < 0)
		return secrets;
	_cleanup_close_ int stage = store_stage(engine->store, &name, err);
	if (stage < 0)
		return stage;
	int r = write_secret(stage, secret, data, err);
	if (r >= 0)
		r = publish(stage, secrets, data, err);
	(void)path_remove_tree(engine->store->tmp, name);
	return r < 0 ? space_explain(r, engine->store->tmp, data->len, err) : r;
}

int engine_secret_create(struct engine *engine, const struct secret_data *data, struct secret **ret, struct error *err)
{
	char id[ID_HEX_LENGTH + 1];
	int r = check_name(data->name, err);
	if (r < 0)
		return r;
	if (data->len == 0 || data->len >= SECRET_SIZE_MAX)
		return err_set(err, ERR_INVALID, "secret data must be larger than 0 and less than %d bytes",
			       SECRET_SIZE_MAX);
	_cleanup_secret_ struct secret *secret = NEW(struct secret);
	random_id(id);
	secret->name = mem_strdup(data->name);
	secret->id = mem_strndup(id, ID_LENGTH);
	secret->labels = strv_copy(data->labels);
	secret->created_at = secret->updated_at = time_now_ns();
	r = stage_and_publish(engine, secret, data, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(secret);
	return 0;
}

int engine_secret_remove(struct engine *engine, const char *name, struct error *err)
{
	_cleanup_secret_ struct secret *secret = NULL;
	int r = engine_secret_find(engine, name, &secret, err);
	if (r < 0)
		return r;
	_cleanup_close_ int secrets = make_secrets(engine, err);
	if (secrets < 0)
		return secrets;
	r = store_discard(engine->store, secrets, secret->name);
	return r < 0 ? err_sys(err, -r, "remove secret \"%s\"", secret->name) : 0;
}

/* --- showing --- */

struct json_object *secret_describe(const struct secret *secret)
{
	char created[TIME_TEXT_MAX], updated[TIME_TEXT_MAX];
	struct json_object *object = json_object_new_object();
	json_add_string(object, "ID", secret->id);
	json_add_string(object, "CreatedAt", time_format_rfc3339(secret->created_at, created));
	json_add_string(object, "UpdatedAt", time_format_rfc3339(secret->updated_at, updated));
	struct json_object *spec = json_add_object(object, "Spec");
	json_add_string(spec, "Name", secret->name);
	struct json_object *driver = json_add_object(spec, "Driver");
	json_add_string(driver, "Name", SECRET_DRIVER);
	json_add_object(driver, "Options");
	json_add_pairs(spec, "Labels", secret->labels);
	return object;
}
