/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/secret-request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/id-mapping.h"
#include "engine/mount-request.h"
#include "engine/secret.h"

#define DIRECTORY "secrets" /* in the run directory: the files, by the number of their request */
#define PLACE "/run/secrets"

static const uint64_t ID_MAX = UINT32_MAX - 1;

struct request {
	char *name;
	bool env;
	char *target; /* an absolute path, or a variable's name */
	uint64_t uid, gid, mode;
};

static void request_done(struct request *request)
{
	free(request->name);
	free(request->target);
}
#define _cleanup_request_ _cleanup_(request_done)

/* --- words --- */

static int parse_type(const char *value, struct request *request, struct error *err)
{
	request->env = streq(value, "env");
	return request->env || streq(value, "mount")
		       ? 0
		       : err_set(err, ERR_INVALID, "type \"%s\" is invalid: it is mount or env", value);
}

static int parse_field(const char *field, struct request *request, bool *ret_is_for_file, struct error *err)
{
	enum { MODE_MAX = 0777 };
	const char *value = strchr(field, '=');
	_cleanup_free_ char *key = mem_strndup(field, strcspn(field, "="));
	if (value && streq(key, "type"))
		return parse_type(value + 1, request, err);
	if (value && streq(key, "target")) {
		free(request->target);
		request->target = mem_strdup(value + 1);
		return 0;
	}
	*ret_is_for_file = true;
	if (value && streq(key, "uid"))
		return parse_u64(value + 1, ID_MAX, &request->uid, err);
	if (value && streq(key, "gid"))
		return parse_u64(value + 1, ID_MAX, &request->gid, err);
	if (value && streq(key, "mode"))
		return parse_octal(value + 1, MODE_MAX, &request->mode, err);
	return err_set(err, ERR_INVALID, "unknown option \"%s\": there are type, target, uid, gid and mode", field);
}

static int finish_file(struct request *request, struct error *err)
{
	_cleanup_free_ char *wish = request->target ? TAKE_PTR(request->target) : mem_strdup(request->name);
	_cleanup_free_ char *path = *wish == '/' ? mem_strdup(wish) : path_join(PLACE, wish);
	request->target = path_normalize(path);
	if (!*wish || streq(request->target, "/") || streq(request->target, PLACE))
		return err_set(err, ERR_INVALID, "target \"%s\" is not a file's", wish);
	return 0;
}

static int finish_variable(struct request *request, bool is_for_file, struct error *err)
{
	if (is_for_file)
		return err_set(err, ERR_INVALID, "uid, gid and mode are not for secrets of type env");
	if (!request->target)
		request->target = mem_strdup(request->name);
	return !*request->target || strchr(request->target, '=')
		       ? err_set(err, ERR_INVALID, "target \"%s\" is not a variable's name", request->target)
		       : 0;
}

static int parse(const char *text, struct request *ret, struct error *err)
{
	_cleanup_strv_ char **fields = strv_split(text, ',');
	_cleanup_request_ struct request request = { .mode = 0444 };
	bool is_for_file = false;
	int r = 0;
	if (strv_count(fields) == 0 || !**fields)
		return err_set(err, ERR_INVALID, "--secret \"%s\": no secret is named", text);
	request.name = mem_strdup(*fields);
	for (char **field = fields + 1; r >= 0 && *field; field++)
		r = parse_field(*field, &request, &is_for_file, err);
	if (r >= 0)
		r = request.env ? finish_variable(&request, is_for_file, err) : finish_file(&request, err);
	if (r < 0)
		return err_wrap(err, "--secret \"%s\"", text);
	*ret = request;
	request = (struct request){ 0 };
	return 0;
}

static bool is_taken(const struct container_spec *spec, const char *target)
{
	for (size_t i = 0; i < spec->n_mounts; i++)
		if (streq(spec->mounts[i].target, target))
			return true;
	return false;
}

int secret_requests_check(struct engine *engine, const struct container_spec *spec, struct error *err)
{
	_cleanup_strv_ char **targets = NULL;
	int r = 0;
	for (char **text = spec->secrets; r >= 0 && text && *text; text++) {
		_cleanup_request_ struct request request = { 0 };
		_cleanup_secret_ struct secret *secret = NULL;
		r = parse(*text, &request, err);
		if (r >= 0)
			r = engine_secret_find(engine, request.name, &secret, err);
		if (r >= 0 && !request.env &&
		    (strv_contains(targets, request.target) || is_taken(spec, request.target)))
			r = err_set(err, ERR_INVALID, "Duplicate mount point: %s", request.target);
		if (r >= 0 && !request.env)
			strv_append(&targets, request.target);
	}
	return r;
}

/* --- giving them --- */

/* Whom the file belongs to on the host. @ids: of the container's user namespace, if it has one of its own. */
static int map_owner(const struct id_mapping *ids, const struct request *request, uid_t *ret_uid, gid_t *ret_gid,
		     struct error *err)
{
	*ret_uid = (uid_t)request->uid;
	*ret_gid = (gid_t)request->gid;
	if (!ids)
		return 0;
	if (id_list_to_host(&ids->uids, (uint32_t)request->uid, ret_uid) &&
	    id_list_to_host(&ids->gids, (uint32_t)request->gid, ret_gid))
		return 0;
	return err_set(err, ERR_IDMAP, "secret \"%s\": the container's user namespace has no id %u:%u", request->name,
		       (unsigned)request->uid, (unsigned)request->gid);
}

/* Closed to everybody before it has anything in it. */
static int write_file(int dir, const char *name, const struct request *request, const struct id_mapping *ids,
		      const char *data, size_t len, struct error *err)
{
	uid_t uid;
	gid_t gid;
	int mapped = map_owner(ids, request, &uid, &gid, err);
	if (mapped < 0)
		return mapped;
	_cleanup_close_ int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r = fd < 0 ? -errno : fd_write_all(fd, data, len);
	if (r >= 0 && (fchown(fd, uid, gid) < 0 || fchmod(fd, (mode_t)request->mode) < 0))
		r = -errno;
	return r < 0 ? err_sys(err, -r, "write secret \"%s\" for the container", request->name) : 0;
}

static int add_variable(const struct request *request, const char *data, size_t len, char ***env, struct error *err)
{
	if (strlen(data) != len)
		return err_set(err, ERR_INVALID, "secret \"%s\" has a zero byte, and cannot be a variable",
			       request->name);
	strv_take(env, mem_printf("%s=%s", request->target, data));
	return 0;
}

/* Another user's program has to get to it by its mount only: the run directory is closed. */
static int open_directory(int run_dir, struct error *err)
{
	if (mkdirat(run_dir, DIRECTORY, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make a directory for secrets");
	int fd = openat(run_dir, DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "open the directory for secrets") : fd;
}

static int give(struct engine *engine, const char *text, size_t number, const struct id_mapping *ids, int dir,
		char ***env, struct error *err)
{
	_cleanup_request_ struct request request = { 0 };
	_cleanup_free_ char *data = NULL, *name = mem_printf("%zu", number);
	size_t len = 0;
	int r = parse(text, &request, err);
	if (r >= 0)
		r = engine_secret_read(engine, request.name, &data, &len, err);
	if (r < 0)
		return r;
	r = request.env ? add_variable(&request, data, len, env, err)
			: write_file(dir, name, &request, ids, data, len, err);
	explicit_bzero(data, len);
	return r;
}

int secret_requests_write(struct engine *engine, const struct container_config *config, int dir, char ***ret_env,
			  struct error *err)
{
	char *const *secrets = config_spec(config)->secrets;
	_cleanup_strv_ char **env = NULL;
	_cleanup_id_mapping_ struct id_mapping ids = { 0 };
	if (!secrets)
		return 0;
	_cleanup_close_ int files = open_directory(dir, err);
	int r = files < 0 ? files : id_mapping_from_texts(config->uid_map, config->gid_map, &ids, err);
	for (size_t i = 0; r >= 0 && secrets[i]; i++)
		r = give(engine, secrets[i], i, config_has_userns(config) ? &ids : NULL, files, &env, err);
	if (r >= 0)
		*ret_env = TAKE_PTR(env);
	return r;
}

static bool is_below(const char *path, const char *directory)
{
	const char *rest = str_after(path, directory);
	return rest && *rest == '/';
}

void secret_requests_mount(const struct container_spec *spec, const char *run_dir, struct mount_request **mounts,
			   size_t *n_mounts)
{
	bool needs_place = false;
	for (size_t i = 0; spec->secrets && spec->secrets[i]; i++) {
		_cleanup_request_ struct request request = { 0 };
		if (parse(spec->secrets[i], &request, NULL) < 0 || request.env)
			continue;
		struct mount_request *mount = ARRAY_APPEND(*mounts, *n_mounts);
		*mount = (struct mount_request){ .kind = MOUNT_BIND, .readonly = true };
		mount->source = mem_printf("%s/" DIRECTORY "/%zu", run_dir, i);
		mount->target = TAKE_PTR(request.target);
		for (const char *const *word = (const char *const[]){ "nosuid", "noexec", "nodev", NULL }; *word;
		     word++)
			strv_append(&mount->options, *word);
		needs_place |= is_below(mount->target, PLACE);
	}
	if (!needs_place || is_taken(spec, PLACE))
		return;
	struct mount_request *place = ARRAY_APPEND(*mounts, *n_mounts);
	*place = (struct mount_request){ .kind = MOUNT_TMPFS, .target = mem_strdup(PLACE) };
	strv_append(&place->options, "mode=0755");
	strv_append(&place->options, "size=64k"); /* for the places of the files, which are mounted themselves */
}

void secret_requests_keep_env(const struct container_spec *spec, struct json_object *process, char ***env)
{
	struct json_object *list = json_object_object_get(process, "env");
	for (char **text = spec->secrets; list && text && *text; text++) {
		_cleanup_request_ struct request request = { 0 };
		if (parse(*text, &request, NULL) < 0 || !request.env)
			continue;
		size_t len = strlen(request.target);
		for (size_t i = 0; i < json_object_array_length(list); i++) {
			const char *variable = json_object_get_string(json_object_array_get_idx(list, i));
			if (strncmp(variable, request.target, len) == 0 && variable[len] == '=')
				env_merge(env, (char *const[]){ (char *)variable, NULL });
		}
	}
}

void secret_requests_describe(const struct container_spec *spec, struct json_object *config)
{
	struct json_object *list = spec->secrets ? json_add_array(config, "Secrets") : NULL;
	for (char **text = spec->secrets; text && *text; text++) {
		_cleanup_request_ struct request request = { 0 };
		if (parse(*text, &request, NULL) < 0)
			continue;
		struct json_object *element = json_object_new_object();
		json_add_string(element, "Name", request.name);
		json_add_string(element, request.env ? "Variable" : "Target", request.target);
		if (!request.env) {
			json_add_u64(element, "UID", request.uid);
			json_add_u64(element, "GID", request.gid);
			json_add_u64(element, "Mode", request.mode);
		}
		json_object_array_add(list, element);
	}
}
