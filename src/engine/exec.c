/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `exec`: what the container's first process was started with, changed by the request, goes to the container's monitor,
 * which makes a process for it.
 */
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/capability-default.h"
#include "engine/engine-internal.h"
#include "engine/live.h"
#include "engine/merged.h"
#include "engine/oci-spec.h"
#include "engine/record.h"
#include "engine/secret-request.h"
#include "engine/user.h"
#include "runtime/spec.h"

/* --- who and how: the "process" of config.json, changed --- */

/* As the container sees its files, but for what is mounted over them. */
static int resolve_user(int dir, const struct container_config *config, const char *wish, struct user *ret,
			struct error *err)
{
	_cleanup_merged_ struct merged *merged = NULL;
	_cleanup_strv_ char **layers = NULL;
	struct monitor_plan plan;
	int r = monitor_plan_read(dir, &plan, err);
	if (r < 0)
		return r;
	strv_append(&layers, plan.upper);
	for (char **lower = plan.lower; lower && *lower; lower++)
		strv_append(&layers, *lower);
	monitor_plan_done(&plan);
	r = merged_open(layers, &merged, err);
	return r < 0 ? r : user_resolve(merged, wish, config_spec(config)->image, ret, err);
}

/* The umask is the container's, whoever the user is. */
static void replace_user(const struct user *user, struct json_object *process)
{
	struct json_object *own = json_object_object_get(process, "user");
	_cleanup_json_ struct json_object *mask = json_object_get(json_object_object_get(own, "umask"));
	oci_add_user(user, process);
	if (mask)
		json_object_object_add(json_object_object_get(process, "user"), "umask", TAKE_PTR(mask));
}

/* Its home is the user's, and so another one's is another. */
static int change_user(int dir, const struct container_config *config, const struct exec_request *request,
		       struct json_object *process, struct error *err)
{
	_cleanup_user_ struct user user = { 0 };
	_cleanup_strv_ char **env = NULL;
	const char *wish = str_is_empty(request->user) ? config->user : request->user;
	int r = resolve_user(dir, config, wish, &user, err);
	if (r < 0)
		return r;
	if (!str_is_empty(request->user))
		replace_user(&user, process);
	env = config_env(config, request->tty, user.home);
	secret_requests_keep_env(config_spec(config), process, &env);
	env_merge_own(&env, request->env);
	json_add_strv(process, "env", env);
	return 0;
}

static int change_working_dir(const struct exec_request *request, struct json_object *process, struct error *err)
{
	const char *path = request->working_dir;
	if (str_is_empty(path))
		return 0;
	if (*path != '/') {
		err_set(err, ERR_WORKDIR, "the working directory \"%s\" is not an absolute path", path);
		return err_hint(err, "-w /%s", path);
	}
	json_add_string(process, "cwd", path);
	return 0;
}

static int change_capabilities(const struct exec_request *request, struct json_object *process, struct error *err)
{
	uint64_t set;
	if (!request->privileged)
		return 0;
	int r = capability_set_resolve(NULL, NULL, true, &set, err);
	if (r >= 0)
		oci_add_capabilities(set, process);
	return r;
}

/* Members that are there already are replaced. */
static int change(int dir, const struct container_config *config, const struct exec_request *request,
		  struct json_object *process, struct error *err)
{
	json_add_strv(process, "args", request->command);
	json_object_object_del(process, "consoleSize");
	oci_add_console(request->tty, request->console_rows, request->console_columns, process);
	int r = change_user(dir, config, request, process, err);
	if (r >= 0)
		r = change_working_dir(request, process, err);
	return r < 0 ? r : change_capabilities(request, process, err);
}

static int make_request(int dir, const struct container_config *config, const struct exec_request *request, bool detach,
			struct json_object **ret, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	_cleanup_json_ struct json_object *object = json_object_new_object();
	struct json_node process;
	int r = json_load(dir, CONFIG_FILE, SPEC_SIZE_MAX, ERR_INTERNAL, &document, err);
	if (r < 0)
		return r;
	struct json_node root = json_root(&document);
	r = json_need_object(&root, "process", &process, err);
	if (r < 0 || (r = change(dir, config, request, process.value, err)) < 0)
		return r;
	json_object_object_add(object, "process", json_object_get(process.value));
	json_add_bool(object, "openStdin", request->open_stdin);
	json_add_bool(object, "detach", detach);
	*ret = TAKE_PTR(object);
	return 0;
}

/* --- the conversation --- */

static int send_request(int connection, struct json_object *request)
{
	const char *text = json_text(request);
	size_t left = strlen(text);
	int r = 0;
	while (r >= 0 && left > 0) {
		size_t len = MIN(left, (size_t)MONITOR_PACKET_MAX - 1);
		r = packet_send(connection, PACKET_REQUEST, text, len);
		text += len;
		left -= len;
	}
	return r < 0 ? r : packet_send(connection, PACKET_REQUEST, NULL, 0);
}

/* Anything else ends in a closed connection, for which a monitor that is about to end has its reasons. */
static int await_started(int connection, const struct container_row *row, struct error *err)
{
	_cleanup_free_ void *buf = mem_alloc(MONITOR_PACKET_MAX);
	enum packet_type type;
	const void *payload;
	size_t len;
	int r = packet_receive(connection, buf, &type, &payload, &len);
	if (r > 0 && type == PACKET_STARTED)
		return 0;
	if (r > 0 && type == PACKET_ERROR) {
		packet_error(payload, len, err);
		return err_stage(err, STAGE_EXEC);
	}
	return err_set(err, ERR_STATE, "container %.12s is not running: \"%s\" has just ended", row->id, row->name);
}

static int open_live(struct engine *engine, const struct container_row *row, struct live *ret, struct error *err)
{
	int r = live_open(engine, row, ret, err);
	if (r == 0)
		return live_not_running(row, "exec in", err);
	if (r < 0 || !ret->paused)
		return r;
	err_set(err, ERR_STATE, "container \"%s\" is paused, unpause the container before exec", row->name);
	return err_hint(err, "coffer unpause %s", row->name);
}

/* Returns the connection. */
static int start(struct engine *engine, const struct container_row *row, const struct live *live,
		 const struct exec_request *request, bool detach, struct error *err)
{
	_cleanup_json_ struct json_object *object = NULL;
	int r = make_request(live->dir, &row->config, request, detach, &object, err);
	if (r < 0)
		return err_stage(err, STAGE_EXEC);
	_cleanup_close_ int connection = monitor_tell(engine, row->id, PACKET_EXEC, NULL, 0, err);
	if (connection < 0)
		return connection;
	(void)send_request(connection, object); /* who does not hear us has more to say than we have */
	r = await_started(connection, row, err);
	return r < 0 ? r : TAKE_FD(connection);
}

int engine_container_exec(struct engine *engine, const char *name, const struct exec_request *request,
			  int *ret_connection, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_live_ struct live live = LIVE_NONE;
	int r = container_load_row(engine, name, &row, err);
	if (r >= 0)
		r = open_live(engine, &row, &live, err);
	int connection = r < 0 ? r : start(engine, &row, &live, request, !ret_connection, err);
	if (connection < 0)
		return connection;
	if (ret_connection)
		*ret_connection = connection;
	else
		fd_close(connection);
	return 0;
}
