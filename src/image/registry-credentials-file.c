/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/file.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "image/registry-credentials-internal.h"

enum {
	DOCKER_CONFIG_SIZE_MAX = 1 << 20,
	AUTH_LENGTH_MAX = 16 * 1024,
};

static char *config_path(void)
{
	const char *folder = getenv("DOCKER_CONFIG"), *home = getenv("HOME");
	if (!str_is_empty(folder))
		return path_join(folder, "config.json");
	return str_is_empty(home) ? NULL : path_join(home, ".docker/config.json");
}

int credentials_file_load(struct credentials_file *ret, struct error *err)
{
	_cleanup_free_ char *path = config_path();
	struct json_document document = { 0 };
	struct error why = { 0 };
	int r = path ? json_load(AT_FDCWD, path, DOCKER_CONFIG_SIZE_MAX, ERR_REG_AUTH, &document, &why)
		     : -ERR_NOT_FOUND;
	if (r == -ERR_NOT_FOUND) {
		json_document_wrap(json_object_new_object(), "config.json", ERR_REG_AUTH, &document);
	} else if (r >= 0) {
		struct json_node root = json_root(&document);
		r = json_as_object(&root, &why);
	}
	if (r < 0 && r != -ERR_NOT_FOUND) {
		json_document_done(&document);
		return err_set(err, ERR_REG_AUTH, "%s", why.message);
	}
	*ret = (struct credentials_file){ .path = TAKE_PTR(path), .document = document };
	return 0;
}

void credentials_file_done(struct credentials_file *file)
{
	free(file->path);
	json_document_done(&file->document);
	*file = (struct credentials_file){ 0 };
}

/* --- looking --- */

/* The user's name in base64("USER:PASSWORD"), or NULL if it is nothing of the kind. free() it. */
static char *decode_user(const char *auth)
{
	size_t len = strlen(auth);
	if (len == 0 || len > AUTH_LENGTH_MAX)
		return NULL;
	_cleanup_free_ char *text = mem_alloc(len + 1); /* and so terminated */
	size_t decoded;
	char *colon = parse_base64(auth, text, &decoded, NULL) == 0 ? strchr(text, ':') : NULL;
	char *user = colon && colon > text ? mem_strndup(text, (size_t)(colon - text)) : NULL;
	explicit_bzero(text, len);
	return user;
}

/* Keys are "HOST", or, as older programs wrote them, "https://HOST" and "https://HOST/v1/". */
static bool is_key_of(const char *key, const char *registry)
{
	if (streq(registry, "docker.io"))
		return streq(key, DOCKER_HUB_KEY);
	const char *rest = str_after(key, "https://");
	rest = str_after(rest ? rest : key, registry);
	return rest && (!*rest || *rest == '/');
}

static bool is_token(const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c >= 0x7f)
			return false;
	return true;
}

static int take_token(const struct json_node *entry, const char *key, const char *scheme, char **where,
		      struct error *err)
{
	const char *token = NULL;
	int r = json_get_string(entry, key, &token, err);
	if (r < 0 || str_is_empty(token) || *where)
		return r;
	if (!is_token(token))
		return json_error(entry, err, "\"%s\" is no token", key);
	*where = mem_printf("%s%s", scheme, token);
	return 0;
}

int credentials_entry_parse(const struct json_node *entry, struct credentials *credentials, struct error *err)
{
	const char *auth = NULL;
	int r = json_as_object(entry, err);
	if (r >= 0)
		r = json_get_string(entry, "auth", &auth, err);
	if (r >= 0)
		r = take_token(entry, "identitytoken", "", &credentials->identity_token, err);
	if (r >= 0)
		r = take_token(entry, "registrytoken", "Bearer ", &credentials->authorization, err);
	if (r < 0 || str_is_empty(auth))
		return r;
	credentials->user = decode_user(auth);
	if (!credentials->user)
		return json_error(entry, err, "\"auth\" is not USER:PASSWORD in base64");
	if (!credentials->authorization)
		credentials->authorization = mem_printf("Basic %s", auth);
	return 0;
}

int credentials_file_find(const struct credentials_file *file, const char *registry, struct credentials *ret,
			  struct error *err)
{
	struct json_node root = json_root(&file->document), auths;
	struct credentials found = { 0 };
	int r = json_get_object(&root, "auths", &auths, err);
	if (r <= 0)
		return r;
	struct json_iterator iterator = { 0 };
	for (struct json_node entry; r >= 0 && json_next(&auths, &iterator, &entry);)
		if (is_key_of(entry.key, registry) && !found.authorization && !found.identity_token)
			r = credentials_entry_parse(&entry, &found, err);
	if (r < 0)
		credentials_done(&found);
	else
		*ret = found;
	return r;
}

int credentials_file_helper(const struct credentials_file *file, const char *registry, char **ret, struct error *err)
{
	struct json_node root = json_root(&file->document), helpers;
	const char *helper = NULL;
	int r = json_get_object(&root, "credHelpers", &helpers, err);
	if (r > 0)
		r = json_get_string(&helpers, credentials_key(registry), &helper, err);
	if (r >= 0 && !helper)
		r = json_get_string(&root, "credsStore", &helper, err);
	if (r < 0)
		return r;
	if (!str_is_empty(helper) && strchr(helper, '/'))
		return json_error(&root, err, "\"%s\" is not the name of a credential helper", helper);
	*ret = str_is_empty(helper) ? NULL : mem_strdup(helper);
	return 0;
}

/* --- changing --- */

int credentials_file_set(struct json_object *root, const void *context)
{
	const struct credentials_file_entry *change = context;
	struct json_object *auths, *entry = json_object_new_object();
	if (!json_object_object_get_ex(root, "auths", &auths) || !json_object_is_type(auths, json_type_object))
		auths = json_add_object(root, "auths");
	json_add_string(entry, "auth", change->auth);
	json_add_string(entry, "identitytoken", change->identity_token);
	json_object_object_add(auths, credentials_key(change->registry), entry);
	return 1;
}

int credentials_file_remove(struct json_object *root, const void *context)
{
	_cleanup_strv_ char **keys = NULL;
	struct json_object *auths;
	if (!json_object_object_get_ex(root, "auths", &auths) || !json_object_is_type(auths, json_type_object))
		return 0;
	json_object_object_foreach(auths, key, value)
	{
		(void)value;
		if (is_key_of(key, context))
			strv_append(&keys, key);
	}
	for (char **found = keys; found && *found; found++)
		json_object_object_del(auths, *found);
	return keys != NULL;
}

/* Where a link leads, so that it stays one; or the path itself. */
static char *final_path(const char *path)
{
	_cleanup_free_ char *resolved = realpath(path, NULL);
	return mem_strdup(resolved ? resolved : path);
}

static int replace(const char *path, credentials_change_fn *change, const void *context, struct error *err)
{
	_cleanup_free_ char *copy = mem_strdup(path);
	const char *folder = dirname(copy);
	int r = path_make_dirs(folder, 0700, err);
	if (r < 0)
		return r;
	_cleanup_close_ int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || RETRY_ON_EINTR(flock(dir, LOCK_EX)) < 0)
		return err_sys(err, errno, "lock '%s'", folder);
	_cleanup_credentials_file_ struct credentials_file file = { 0 };
	r = credentials_file_load(&file, err);
	if (r >= 0)
		r = change(file.document.root, context);
	if (r <= 0)
		return r;
	_cleanup_str_ struct str text = { 0 };
	str_appendf(&text, "%s\n", json_text_pretty(file.document.root));
	r = file_write_atomic(dir, path_base(path), str_text(&text), text.len, 0600, FILE_SYNC | FILE_EXACT_MODE, err);
	explicit_bzero(text.data, text.len);
	return r < 0 ? r : 1;
}

int credentials_file_change(credentials_change_fn *change, const void *context, struct error *err)
{
	_cleanup_free_ char *configured = config_path();
	if (!configured)
		return err_set(err, ERR_REG_AUTH,
			       "there is no place for config.json: neither $DOCKER_CONFIG nor $HOME is set");
	_cleanup_free_ char *path = final_path(configured);
	return replace(path, change, context, err);
}
