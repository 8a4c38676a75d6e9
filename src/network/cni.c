/* SPDX-License-Identifier: Apache-2.0 */
#include "network/cni.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "network/cni-result.h"
#include "network/tool.h"

enum { ANSWER_MAX = 1 << 20, NETNS_PATH_MAX = 64 };

/* Plugins run iptables and their like, whatever the PATH is that we have. */
#define PLUGIN_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* --- what a plugin gets --- */

static char *find_plugin(const char *type, const char *path)
{
	_cleanup_strv_ char **directories = strv_split(path, ':');
	for (char **directory = directories; directory && *directory; directory++) {
		char *program = path_join(*directory, type);
		if (**directory == '/' && access(program, X_OK) == 0)
			return program;
		free(program);
	}
	return NULL;
}

static int missing_plugin(const struct cni_network *network, const char *type, const char *path, struct error *err)
{
	err_set(err, ERR_NET, "network cni:%s: there is no plugin \"%s\"", network->name, type);
	return err_cause(err, "it was looked for in %s", path);
}

static const char *netns_path(const struct cni_call *call, char buf[NETNS_PATH_MAX])
{
	buf[0] = '\0';
	if (call->netns >= 0)
		snprintf(buf, NETNS_PATH_MAX, "/proc/%d/fd/%d", (int)getpid(), call->netns);
	return buf;
}

static void append_value(struct str *out, struct json_object *value)
{
	if (!json_object_is_type(value, json_type_array)) {
		str_append(out, json_object_get_string(value));
		return;
	}
	for (size_t i = 0; i < json_object_array_length(value); i++)
		str_appendf(out, "%s%s", i ? "," : "", json_object_get_string(json_object_array_get_idx(value, i)));
}

/*
 * What no plugin takes as a capability, those may take that read arguments (host-local and static, bridge and tuning). Plugins
 * that do would stumble over those of others without the first word.
 */
static char *make_arguments(const struct cni_network *network, const struct cni_call *call)
{
	static const struct {
		const char *capability, *name;
	} known[] = { { CNI_IPS, "IP" }, { CNI_MAC, "MAC" } };
	struct str out = { 0 };
	str_append(&out, "CNI_ARGS=IgnoreUnknown=1");
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		struct json_object *value = json_object_object_get(call->capabilities, known[i].capability);
		if (!value || cni_network_has(network, known[i].capability))
			continue;
		str_appendf(&out, ";%s=", known[i].name);
		append_value(&out, value);
	}
	return str_take(&out);
}

static char **make_environment(const struct cni_network *network, const char *command, const struct cni_call *call)
{
	char **environment = NULL, netns[NETNS_PATH_MAX];
	strv_append(&environment, PLUGIN_PATH);
	strv_take(&environment, mem_printf("CNI_COMMAND=%s", command));
	strv_take(&environment, mem_printf("CNI_PATH=%s", call->path));
	if (!call->container)
		return environment;
	strv_take(&environment, mem_printf("CNI_CONTAINERID=%s", call->container));
	strv_take(&environment, mem_printf("CNI_NETNS=%s", netns_path(call, netns)));
	strv_take(&environment, mem_printf("CNI_IFNAME=%s", call->interface));
	strv_take(&environment, make_arguments(network, call));
	return environment;
}

static struct json_object *runtime_config(const struct cni_plugin *plugin, struct json_object *capabilities)
{
	struct json_object *config = NULL;
	json_object_object_foreach(capabilities, key, value)
	{
		if (!cni_plugin_has(plugin, key))
			continue;
		if (!config)
			config = json_object_new_object();
		json_object_object_add(config, key, json_object_get(value));
	}
	return config;
}

/*
 * The container's namespace has another path in each process that calls plugins, and they compare what was made with where
 * they are sent: what is in a sandbox is in that one.
 */
static struct json_object *relocate(struct json_object *previous, const char *netns)
{
	struct json_object *copy = NULL, *interfaces, *sandbox;
	if (!*netns || json_object_deep_copy(previous, &copy, NULL) < 0)
		return json_object_get(previous);
	interfaces = json_object_object_get(copy, "interfaces");
	if (!json_object_is_type(interfaces, json_type_array))
		return copy;
	for (size_t i = 0; i < json_object_array_length(interfaces); i++) {
		struct json_object *interface = json_object_array_get_idx(interfaces, i);
		if (json_object_is_type(interface, json_type_object) &&
		    json_object_object_get_ex(interface, "sandbox", &sandbox) &&
		    json_object_get_string_len(sandbox) > 0)
			json_add_string(interface, "sandbox", netns);
	}
	return copy;
}

/* The plugin's own configuration, as it is, and what is ours to add. */
static struct json_object *make_request(const struct cni_network *network, const struct cni_plugin *plugin,
					const struct cni_call *call, struct json_object *previous,
					struct json_object *attachments)
{
	struct json_object *request = json_object_new_object();
	char netns[NETNS_PATH_MAX];
	json_object_object_foreach(plugin->node.value, key, value)
	{
		json_object_object_add(request, key, json_object_get(value));
	}
	json_add_string(request, "name", network->name);
	json_add_string(request, "cniVersion", cni_version_text(network->version));
	if (previous)
		json_object_object_add(request, "prevResult", relocate(previous, netns_path(call, netns)));
	if (attachments)
		json_object_object_add(request, "cni.dev/valid-attachments", json_object_get(attachments));
	struct json_object *config = call->capabilities ? runtime_config(plugin, call->capabilities) : NULL;
	if (config)
		json_object_object_add(request, "runtimeConfig", config);
	return request;
}

/* --- what it answers --- */

struct answer {
	int output, complaints;
	char *text;
	size_t len;
};

static void answer_done(struct answer *answer)
{
	fd_close(answer->output);
	fd_close(answer->complaints);
	free(answer->text);
}

static int read_answer(const char *type, struct answer *answer, struct error *err)
{
	_cleanup_free_ char *what = mem_printf("what plugin \"%s\" answers", type);
	(void)lseek(answer->output, 0, SEEK_SET);
	return fd_read_text(answer->output, ANSWER_MAX, what, &answer->text, &answer->len, err);
}

/* It should say why as a document on its standard output; one that crashes says it elsewhere, or not at all. */
static int plugin_failed(const struct cni_network *network, const char *type, const char *command, int status,
			 const struct answer *answer, struct error *err)
{
	_cleanup_free_ char *said = cni_error_text(answer->text, answer->len);
	struct error complaint = { 0 };
	err_set(err, ERR_NET, "network cni:%s: %s by plugin \"%s\" failed", network->name, command, type);
	if (said)
		return err_cause(err, "%s says: %s", type, said);
	(void)tool_failed(type, command, answer->complaints, &complaint);
	if (*complaint.cause)
		return err_cause(err, "%s", complaint.cause);
	return err_cause(err, "it ended with status %d and did not say why", status);
}

/* Whether it ends in time. It has a session of its own, so that all that it has started is killed with it. */
static bool ends_in_time(pid_t pid, int timeout_ms)
{
	_cleanup_close_ int pidfd = process_pidfd(pid);
	struct pollfd poller = { .fd = pidfd, .events = POLLIN };
	if (timeout_ms <= 0 || pidfd < 0 || RETRY_ON_EINTR(poll(&poller, 1, timeout_ms)) != 0)
		return true;
	(void)kill(-pid, SIGKILL);
	return false;
}

static int await(pid_t pid, const char *program, const struct cni_call *call, struct error *err)
{
	enum { MS_PER_S = 1000 };
	int status = 0;
	bool in_time = ends_in_time(pid, call->timeout_ms);
	int r = process_wait(pid, &status, err);
	if (r >= 0 && !in_time)
		return err_set(err, ERR_TIMEOUT, "'%s' was killed, for it has taken longer than %d s", program,
			       call->timeout_ms / MS_PER_S);
	return r < 0 ? r : process_exit_code(status);
}

/* Returns its exit status, or a negative code. */
static int execute(const struct cni_network *network, const char *program, const char *command,
		   const struct cni_call *call, struct json_object *request, struct answer *answer, struct error *err)
{
	_cleanup_strv_ char **environment = make_environment(network, command, call);
	_cleanup_close_ int input = tool_file(json_text(request), err);
	if (input < 0)
		return input;
	char *const argv[] = { (char *)program, NULL };
	const struct process_spawn spawn = {
		.path = program,
		.argv = argv,
		.envp = environment,
		.stdio = { input, answer->output, answer->complaints },
		.pass_fds = &call->keep,
		.n_pass_fds = call->keep >= 0,
		.new_session = true,
		.directory = "/",
	};
	pid_t pid;
	int r = process_spawn(&spawn, &pid, err);
	return r < 0 ? r : await(pid, program, call, err);
}

static int run_plugin(const struct cni_network *network, const struct cni_plugin *plugin, const char *command,
		      const struct cni_call *call, struct json_object *previous, struct json_object *attachments,
		      struct answer *answer, struct error *err)
{
	_cleanup_free_ char *program = find_plugin(plugin->type, call->path);
	_cleanup_json_ struct json_object *request = make_request(network, plugin, call, previous, attachments);
	if (!program)
		return missing_plugin(network, plugin->type, call->path, err);
	if ((answer->output = tool_file("", err)) < 0 || (answer->complaints = tool_file("", err)) < 0)
		return -ERR_SYSTEM;
	int status = execute(network, program, command, call, request, answer, err);
	if (status < 0)
		return err_wrap(err, "network cni:%s: %s by plugin \"%s\"", network->name, command, plugin->type);
	int r = read_answer(plugin->type, answer, err);
	if (r < 0)
		return r;
	log_debug("network cni:%s: %s by %s: status %d", network->name, command, program, status);
	return status == 0 ? 0 : plugin_failed(network, plugin->type, command, status, answer, err);
}

/* --- */

int cni_find_plugins(const struct cni_network *network, const char *path, struct error *err)
{
	for (size_t i = 0; i < network->n_plugins; i++) {
		_cleanup_free_ char *program = find_plugin(network->plugins[i].type, path);
		if (!program)
			return missing_plugin(network, network->plugins[i].type, path, err);
	}
	return 0;
}

#define _cleanup_answer_ _cleanup_(answer_done)

int cni_add(const struct cni_network *network, size_t i, const struct cni_call *call, struct json_object **result,
	    struct error *err)
{
	_cleanup_answer_ struct answer answer = { -1, -1, NULL, 0 };
	_cleanup_json_document_ struct json_document document = { 0 };
	const char *type = network->plugins[i].type;
	int r = run_plugin(network, &network->plugins[i], "ADD", call, *result, NULL, &answer, err);
	if (r < 0)
		return r;
	_cleanup_free_ char *name = mem_printf("the result of plugin \"%s\"", type);
	r = json_parse(answer.text, answer.len, name, ERR_NET, &document, err);
	if (r >= 0) {
		struct json_node root = json_root(&document);
		r = json_as_object(&root, err);
	}
	if (r < 0)
		return err_wrap(err, "network cni:%s", network->name);
	json_putp(result);
	*result = json_object_get(document.root);
	return 0;
}

/* What was made, as the version knows it. */
static struct json_object *previous_of(const struct cni_network *network, struct json_object *result)
{
	return network->version >= CNI_0_4_0 ? result : NULL;
}

/* The first failure is returned, and what follows is only said. */
static int count_failure(int first, int r, const struct error *failure, struct error *err)
{
	if (r >= 0)
		return first;
	if (first < 0)
		log_failure(LOG_LEVEL_WARN, NULL, failure);
	else if (err)
		*err = *failure;
	return first < 0 ? first : r;
}

int cni_del(const struct cni_network *network, const struct cni_call *call, struct json_object *result,
	    struct error *err)
{
	int first = 0;
	for (size_t i = network->n_plugins; i > 0; i--) {
		_cleanup_answer_ struct answer answer = { -1, -1, NULL, 0 };
		struct error failure = { 0 };
		int r = run_plugin(network, &network->plugins[i - 1], "DEL", call, previous_of(network, result), NULL,
				   &answer, &failure);
		first = count_failure(first, r, &failure, err);
	}
	return first;
}

int cni_check(const struct cni_network *network, const struct cni_call *call, struct json_object *result,
	      struct error *err)
{
	int r = 0;
	if (network->disable_check || network->version < CNI_0_4_0)
		return 0;
	for (size_t i = 0; r >= 0 && i < network->n_plugins; i++) {
		_cleanup_answer_ struct answer answer = { -1, -1, NULL, 0 };
		r = run_plugin(network, &network->plugins[i], "CHECK", call, result, NULL, &answer, err);
	}
	return r;
}

int cni_status(const struct cni_network *network, const struct cni_call *call, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && network->version >= CNI_1_1_0 && i < network->n_plugins; i++) {
		_cleanup_answer_ struct answer answer = { -1, -1, NULL, 0 };
		r = run_plugin(network, &network->plugins[i], "STATUS", call, NULL, NULL, &answer, err);
	}
	return r;
}

int cni_gc(const struct cni_network *network, const struct cni_call *call, struct json_object *attachments,
	   struct error *err)
{
	int first = 0;
	if (network->disable_gc || network->version < CNI_1_1_0)
		return 0;
	for (size_t i = 0; i < network->n_plugins; i++) {
		_cleanup_answer_ struct answer answer = { -1, -1, NULL, 0 };
		struct error failure = { 0 };
		int r = run_plugin(network, &network->plugins[i], "GC", call, NULL, attachments, &answer, &failure);
		first = count_failure(first, r, &failure, err);
	}
	return first;
}
