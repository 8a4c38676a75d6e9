/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container-config.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/container-spec.h"
#include "engine/env-source.h"
#include "engine/exposed-ports.h"
#include "engine/health-config.h"
#include "engine/mount-request.h"
#include "engine/security.h"
#include "engine/sharing.h"
#include "engine/systemd-mode.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum {
	HOSTNAME_LENGTH_MAX = 64, /* the kernel's; source: sethostname(2) */
	HOSTNAME_ID_LENGTH = 12,
};

/* --- environments and labels: "name=value" --- */

static size_t name_length(const char *variable)
{
	return strcspn(variable, "=");
}

static char **find_variable(char **env, const char *name, size_t len)
{
	for (; env && *env; env++)
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			return env;
	return NULL;
}

static void remove_variable(char **at)
{
	free(*at);
	do
		at[0] = at[1];
	while (*at++);
}

static void merge_variable(char ***env, const char *change)
{
	size_t len = name_length(change);
	char **at = find_variable(*env, change, len);
	if (!change[len]) {
		if (at)
			remove_variable(at);
		return;
	}
	if (!at) {
		strv_append(env, change);
		return;
	}
	free(*at);
	*at = mem_strdup(change);
}

void env_merge(char ***env, char *const *changes)
{
	for (; changes && *changes; changes++)
		if (name_length(*changes) > 0)
			merge_variable(env, *changes);
}

const char *env_value(char *const *env, const char *name)
{
	size_t len = strlen(name);
	char **at = find_variable((char **)env, name, len);
	return at ? *at + len + 1 : NULL;
}

void env_merge_own(char ***env, char *const *wishes)
{
	for (; wishes && *wishes; wishes++) {
		const char *ours = strchr(*wishes, '=') ? NULL : getenv(*wishes);
		_cleanup_free_ char *variable = ours ? mem_printf("%s=%s", *wishes, ours) : mem_strdup(*wishes);
		char *const changes[] = { variable, NULL };
		env_merge(env, changes);
	}
}

/* Least first: ours, then the image's and the person's; HOME is the user's unless somebody said otherwise. */
char **config_env(const struct container_config *config, bool tty, const char *home)
{
	char **env = NULL;
	strv_append(&env, "PATH=" DEFAULT_PATH);
	strv_take(&env, mem_printf("HOSTNAME=%s", config->hostname));
	if (tty)
		strv_append(&env, "TERM=xterm");
	env_merge(&env, config->env);
	if (!env_value(env, "HOME"))
		strv_take(&env, mem_printf("HOME=%s", home));
	return env;
}

/* Labels may come without a value, which is an empty one then. */
static void merge_labels(char ***labels, char *const *wishes)
{
	for (; wishes && *wishes; wishes++) {
		_cleanup_free_ char *label = mem_printf("%s%s", *wishes, strchr(*wishes, '=') ? "" : "=");
		char *const changes[] = { label, NULL };
		env_merge(labels, changes);
	}
}

/* --- what is run, where and as whom --- */

static char **copy_words(char *const *words)
{
	return strv_count(words) > 0 ? strv_copy(words) : NULL;
}

/*
 * An entry point of one's own makes the image's command meaningless: it was written for the image's entry point. An empty
 * word takes the image's entry point away.
 */
static int resolve_args(const struct container_spec *spec, const struct image_config *image,
			struct container_config *config, struct error *err)
{
	bool own = spec->entrypoint != NULL;
	bool none = own && spec->entrypoint[0] && streq(spec->entrypoint[0], "");
	bool commanded = strv_count(spec->command) > 0;
	config->entrypoint = none ? NULL : copy_words(own ? spec->entrypoint : image->entrypoint);
	config->command = commanded || !own ? copy_words(commanded ? spec->command : image->cmd) : NULL;
	if (config->entrypoint || config->command)
		return 0;
	return err_set(err, ERR_NO_CMD, "image \"%s\" has no CMD or ENTRYPOINT and none was given", spec->image);
}

char **config_args(const struct container_config *config)
{
	char **args = strv_copy(config->entrypoint);
	for (char **word = config->command; word && *word; word++)
		strv_append(&args, *word);
	return args;
}

int64_t config_stop_timeout_s(const struct container_config *config)
{
	enum { TIMEOUT_DEFAULT_S = 10 };
	const struct container_spec *spec = config_spec(config);
	return spec->has_stop_timeout ? spec->stop_timeout_s : TIMEOUT_DEFAULT_S;
}

static int resolve_working_dir(const struct container_spec *spec, const struct image_config *image, char **ret,
			       struct error *err)
{
	const char *own = spec->working_dir;
	if (!str_is_empty(own) && *own != '/') {
		err_set(err, ERR_WORKDIR, "the working directory \"%s\" is not an absolute path", own);
		return err_hint(err, "-w /%s", own);
	}
	const char *path = !str_is_empty(own) ? own : str_is_empty(image->working_dir) ? "/" : image->working_dir;
	_cleanup_free_ char *absolute = path_join("/", path);
	*ret = path_normalize(absolute);
	return 0;
}

static bool is_host_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
	size_t len = strlen(name);
	return len > 0 && len <= HOSTNAME_LENGTH_MAX && strspn(name, letters) == len && !strchr("-.", name[0]);
}

static int check_host_name(const char *name, const char *flag, struct error *err)
{
	if (str_is_empty(name) || is_host_name(name))
		return 0;
	return err_set(err, ERR_INVALID, "invalid hostname format: \"%s\" (--%s)", name, flag);
}

static int resolve_hostname(const struct container_spec *spec, const char *id, char **ret, struct error *err)
{
	int r = check_host_name(spec->hostname, "hostname", err);
	if (r >= 0)
		r = check_host_name(spec->domainname, "domainname", err);
	if (r < 0)
		return r;
	char own[HOSTNAME_LENGTH_MAX + 1] = "";
	if (!str_is_empty(spec->hostname))
		*ret = mem_strdup(spec->hostname);
	else if ((spec->network == NETWORK_HOST || is_shared(spec, NAMESPACE_UTS)) && gethostname(own, sizeof own) == 0)
		*ret = mem_strdup(own);
	else
		*ret = mem_strndup(id, HOSTNAME_ID_LENGTH);
	return 0;
}

static int resolve_stop_signal(const struct container_spec *spec, const struct image_config *image, bool systemd,
			       int *ret, struct error *err)
{
	const char *name = !str_is_empty(spec->stop_signal) ? spec->stop_signal : image->stop_signal;
	if (str_is_empty(name) && systemd)
		name = SYSTEMD_STOP_SIGNAL;
	*ret = SIGTERM;
	if (str_is_empty(name))
		return 0;
	int r = parse_signal(name, ret, err);
	return r < 0 ? err_wrap(err, "stop signal of %s", str_is_empty(spec->stop_signal) ? "the image" : "--stop-signal")
		     : 0;
}

int container_config_resolve(const struct container_spec *spec, const struct image_config *image, const char *id,
			     struct container_config *ret, struct error *err)
{
	_cleanup_container_config_ struct container_config config = { .borrowed = spec };
	int r = resolve_args(spec, image, &config, err);
	if (r >= 0)
		r = resolve_working_dir(spec, image, &config.working_dir, err);
	if (r >= 0)
		r = resolve_hostname(spec, id, &config.hostname, err);
	if (r >= 0)
		r = resolve_stop_signal(spec, image, systemd_mode(&config), &config.stop_signal, err);
	if (r >= 0)
		r = security_options_absolute(spec->security_options, &config.security_options, err);
	if (r >= 0)
		r = exposed_ports_resolve(spec, image, &config.exposed_ports, err);
	health_config_resolve(spec, &image->health, &config.health);
	if (r >= 0)
		r = health_config_check_action(spec, &config.health, err);
	if (r < 0)
		return r;
	const char *user = str_is_empty(spec->user) ? image->user : spec->user;
	config.user = mem_strdup(user ? user : "");
	if (!spec->unset_env_all)
		env_merge(&config.env, image->env);
	env_merge(&config.env, spec->unset_env);
	env_merge_own(&config.env, spec->env);
	config.env_sources = env_sources_find(config.env, spec);
	merge_labels(&config.labels, image->labels);
	merge_labels(&config.labels, spec->labels);
	*ret = config;
	config = (struct container_config){ 0 };
	return 0;
}

void container_config_done(struct container_config *config)
{
	strv_free(config->entrypoint);
	strv_free(config->command);
	strv_free(config->env);
	strv_free(config->env_sources);
	strv_free(config->labels);
	strv_free(config->security_options);
	strv_free(config->exposed_ports);
	strv_free(config->joins);
	strv_free(config->uid_map);
	strv_free(config->gid_map);
	mount_requests_free(config->mounts, config->n_mounts);
	free(config->working_dir);
	free(config->user);
	free(config->hostname);
	image_health_done(&config->health);
	container_spec_done(&config->own);
	*config = (struct container_config){ 0 };
}

/* --- JSON --- */

struct json_object *container_config_to_json(const struct container_config *config)
{
	struct json_object *object = json_object_new_object();
	container_spec_to_json(config_spec(config), json_add_object(object, "spec"));
	json_add_strv(object, "entrypoint", config->entrypoint);
	json_add_strv(object, "command", config->command);
	json_add_strv(object, "env", config->env);
	json_add_strv(object, "envSources", config->env_sources);
	json_add_strv(object, "labels", config->labels);
	json_add_strv(object, "securityOptions", config->security_options);
	json_add_strv(object, "exposedPorts", config->exposed_ports);
	json_add_strv(object, "joins", config->joins);
	json_add_strv(object, "uidMap", config->uid_map);
	json_add_strv(object, "gidMap", config->gid_map);
	mount_requests_to_json(config->mounts, config->n_mounts, object);
	json_add_string(object, "workingDir", config->working_dir);
	json_add_string(object, "user", config->user);
	json_add_string(object, "hostname", config->hostname);
	json_add_i64(object, "stopSignal", config->stop_signal);
	health_config_to_json(&config->health, object);
	return object;
}

static int get_strings(const struct json_node *root, struct container_config *config, struct error *err)
{
	const struct {
		const char *key;
		char **ret;
	} members[] = {
		{ "workingDir", &config->working_dir }, { "user", &config->user }, { "hostname", &config->hostname }
	};
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		const char *text;
		int r = json_need_string(root, members[i].key, &text, err);
		if (r < 0)
			return r;
		*members[i].ret = mem_strdup(text);
	}
	return 0;
}

static int from_json(const struct json_node *root, struct container_config *config, struct error *err)
{
	struct json_node spec;
	int64_t stop_signal = SIGTERM;
	int r = json_as_object(root, err);
	if (r < 0 || (r = json_need_object(root, "spec", &spec, err)) < 0 ||
	    (r = container_spec_from_json(&spec, &config->own, err)) < 0 ||
	    (r = json_get_strv(root, "entrypoint", &config->entrypoint, err)) < 0 ||
	    (r = json_get_strv(root, "command", &config->command, err)) < 0 ||
	    (r = json_get_strv(root, "env", &config->env, err)) < 0 ||
	    (r = json_get_strv(root, "envSources", &config->env_sources, err)) < 0 ||
	    (r = json_get_strv(root, "labels", &config->labels, err)) < 0 ||
	    (r = json_get_strv(root, "securityOptions", &config->security_options, err)) < 0 ||
	    (r = json_get_strv(root, "exposedPorts", &config->exposed_ports, err)) < 0 ||
	    (r = json_get_strv(root, "joins", &config->joins, err)) < 0 ||
	    (r = json_get_strv(root, "uidMap", &config->uid_map, err)) < 0 ||
	    (r = json_get_strv(root, "gidMap", &config->gid_map, err)) < 0 ||
	    (r = mount_requests_from_json(root, &config->mounts, &config->n_mounts, err)) < 0 ||
	    (r = get_strings(root, config, err)) < 0 ||
	    (r = json_get_i64(root, "stopSignal", 1, SIGRTMAX, &stop_signal, err)) < 0 ||
	    (r = health_config_from_json(root, &config->health, err)) < 0)
		return r;
	config->stop_signal = (int)stop_signal;
	return 0;
}

int container_config_from_text(const char *text, struct container_config *ret, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	_cleanup_container_config_ struct container_config config = { 0 };
	int r = json_parse(text, strlen(text), "a container in the database", ERR_DB, &document, err);
	if (r < 0)
		return r;
	struct json_node root = json_root(&document);
	r = from_json(&root, &config, err);
	if (r < 0)
		return r;
	*ret = config;
	config = (struct container_config){ 0 };
	return 0;
}
