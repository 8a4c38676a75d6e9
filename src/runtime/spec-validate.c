/* SPDX-License-Identifier: Apache-2.0 */
/* What config.json may say, apart from what this machine can do. Source: config.md, config-linux.md. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/spec-internal.h"
#include "runtime/sysctl.h"

/* A node that does not exist, to point at where something is missing or wrong. */
static struct json_node at(const struct json_node *parent, const char *key)
{
	struct json_node node;
	if (parent->value && json_get(parent, key, &node))
		return node;
	return *parent;
}

/* MAJOR.MINOR.PATCH, and what may follow behind "-" or "+". Source: semver.org, 2.0.0, items 2, 9, 10. */
static bool is_version(const char *text)
{
	static const char digits[] = "0123456789";
	static const char more[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-+";
	for (int part = 0; part < 3; part++) {
		size_t len = strspn(text, digits);
		if (len == 0 || (part < 2 && text[len] != '.'))
			return false;
		text += len + (part < 2);
	}
	return *text == '\0' || (strchr("-+", *text) && text[1] && text[strspn(text, more)] == '\0');
}

static int check_version(const struct json_node *root, const struct spec *spec, struct error *err)
{
	struct json_node node = at(root, "ociVersion");
	if (str_is_empty(spec->oci_version))
		return json_error(root, err, "\"ociVersion\" is required, but missing");
	if (!is_version(spec->oci_version))
		return json_error(&node, err, "\"%s\" is not a version", spec->oci_version);
	if (!str_starts_with(spec->oci_version, "1."))
		return json_error(&node, err, "version \"%s\" is not supported, 1.x is", spec->oci_version);
	return 0;
}

int spec_validate_process(const struct json_node *node, const struct spec_process *process, struct error *err)
{
	struct json_node cwd = at(node, "cwd"), env = at(node, "env");
	if (!process->cwd || process->cwd[0] != '/')
		return json_error(&cwd, err, "cwd must be an absolute path");
	if (!process->args || !process->args[0])
		return json_error(node, err, "\"args\" must name a program");
	for (char **variable = process->env; variable && *variable; variable++)
		if ((*variable)[0] == '=' || !strchr(*variable, '='))
			return json_error(&env, err, "environment variable \"%s\" is not of the form NAME=value",
					  *variable);
	const struct optional_i64 *score = &process->oom_score_adj;
	if (score->set && (score->value < -1000 || score->value > 1000))
		return json_error(node, err, "oomScoreAdj %" PRId64 " is out of range, -1000 to 1000", score->value);
	return 0;
}

static int check_process(const struct json_node *root, const struct spec *spec, struct error *err)
{
	struct json_node process = at(root, "process");
	return spec->process ? spec_validate_process(&process, spec->process, err) : 0;
}

static int check_root(const struct json_node *root, const struct spec *spec, struct error *err)
{
	if (str_is_empty(spec->root.path))
		return json_error(root, err, "\"root\" with a \"path\" is required, but missing");
	return 0;
}

int spec_validate_mounts(const struct json_node *array, const struct spec *spec, struct error *err)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct spec_mount *mount = &spec->mounts[i];
		struct json_node node = json_array_at(array, i);
		if (str_is_empty(mount->destination))
			return json_error(&node, err, "\"destination\" is required, but missing");
		if ((mount->n_uid_mappings > 0) != (mount->n_gid_mappings > 0))
			return json_error(&node, err, "uidMappings and gidMappings go together");
	}
	return 0;
}

static int check_mounts(const struct json_node *root, const struct spec *spec, struct error *err)
{
	struct json_node mounts = at(root, "mounts");
	return spec_validate_mounts(&mounts, spec, err);
}

/* Which kernel settings are the container's own, by the namespace that they belong to. */
static bool sysctl_is_namespaced(const struct spec *spec, const char *key, const char **ret_why)
{
	static const char *const ipc_keys[] = {
		"kernel.msgmax", "kernel.msgmnb",	    "kernel.msgmni", "kernel.sem",
		"kernel.shmall", "kernel.shmmax",	    "kernel.shmmni", "kernel.shm_rmid_forced",
		"kernel.msg_next_id", "kernel.sem_next_id", "kernel.shm_next_id", "kernel.auto_msgmni",
	};
	enum namespace_type needed = NAMESPACE_COUNT;
	*ret_why = "is not namespaced; it would change the host";
	if (str_starts_with(key, "net."))
		needed = NAMESPACE_NETWORK;
	else if (str_starts_with(key, "fs.mqueue."))
		needed = NAMESPACE_IPC;
	else if (str_starts_with(key, "user."))
		needed = NAMESPACE_USER;
	else if (streq(key, "kernel.domainname") || streq(key, "kernel.hostname"))
		needed = NAMESPACE_UTS;
	for (size_t i = 0; i < ARRAY_SIZE(ipc_keys); i++)
		if (streq(key, ipc_keys[i]))
			needed = NAMESPACE_IPC;
	if (needed == NAMESPACE_COUNT)
		return false;
	*ret_why = "is not allowed when the container shares the host's namespace";
	return spec->namespaces[needed].listed;
}

/* What becomes of a key must stay one path below /proc/sys. */
static bool sysctl_key_is_sound(const char *key)
{
	if (!*key || strstr(key, "..") || strchr("./", *key) || strstr(key, "//"))
		return false;
	for (; *key; key++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@", *key))
			return false;
	return true;
}

const char *spec_sysctl_problem(const struct spec *spec, const char *key, const char *value)
{
	_cleanup_free_ char *normal = sysctl_normalize(key);
	const char *why;
	if (!sysctl_key_is_sound(normal) || strchr(value, '\n'))
		return "is malformed";
	return sysctl_is_namespaced(spec, normal, &why) ? NULL : why;
}

static int check_sysctls(const struct json_node *root, const struct spec *spec, struct error *err)
{
	struct json_node section = at(root, "linux"), sysctls = at(&section, "sysctl");
	for (char **pair = spec->sysctl; pair && *pair; pair += 2) {
		struct json_node node = at(&sysctls, pair[0]);
		const char *problem = spec_sysctl_problem(spec, pair[0], pair[1]);
		if (problem)
			return json_error(&node, err, "sysctl \"%s\" %s", pair[0], problem);
	}
	return 0;
}

static int check_namespaces(const struct json_node *root, const struct spec *spec, struct error *err)
{
	struct json_node section = at(root, "linux");
	const struct spec_namespace *ns = spec->namespaces;
	if (!ns[NAMESPACE_MOUNT].listed)
		return json_error(&section, err, "a container needs a mount namespace of its own");
	if ((spec->n_uid_mappings || spec->n_gid_mappings) && !ns[NAMESPACE_USER].listed)
		return json_error(&section, err, "id mappings need a user namespace");
	if (ns[NAMESPACE_USER].listed && !ns[NAMESPACE_USER].path && (!spec->n_uid_mappings || !spec->n_gid_mappings))
		return json_error(&section, err, "a new user namespace needs uidMappings and gidMappings");
	if (spec->n_net_devices > 0 && !ns[NAMESPACE_NETWORK].listed)
		return json_error(&section, err, "netDevices need a network namespace");
	if (spec->hostname && *spec->hostname && !ns[NAMESPACE_UTS].listed)
		return json_error(root, err, "a hostname needs a uts namespace");
	if (spec->domainname && *spec->domainname && !ns[NAMESPACE_UTS].listed)
		return json_error(root, err, "a domainname needs a uts namespace");
	bool offsets = spec->time_offset_boottime.set || spec->time_offset_monotonic.set;
	if (offsets && (!ns[NAMESPACE_TIME].listed || ns[NAMESPACE_TIME].path))
		return json_error(&section, err, "timeOffsets need a new time namespace");
	return 0;
}

static int check_paths(const struct json_node *root, const char *key, char *const *paths, struct error *err)
{
	struct json_node section = at(root, "linux"), node = at(&section, key);
	for (; paths && *paths; paths++)
		if ((*paths)[0] != '/')
			return json_error(&node, err, "\"%s\" is not an absolute path", *paths);
	return 0;
}

static int check_propagation(const struct json_node *root, const struct spec *spec, struct error *err)
{
	static const char *const words[] = { "shared",	"slave",  "private",  "unbindable",
					     "rshared", "rslave", "rprivate", "runbindable" };
	struct json_node section = at(root, "linux");
	if (str_is_empty(spec->rootfs_propagation))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (streq(words[i], spec->rootfs_propagation))
			return 0;
	return json_error(&section, err, "unknown rootfsPropagation \"%s\"", spec->rootfs_propagation);
}

int spec_validate(const struct json_node *root, const struct spec *spec, struct error *err)
{
	int r;
	if ((r = check_version(root, spec, err)) < 0 || (r = check_root(root, spec, err)) < 0 ||
	    (r = check_process(root, spec, err)) < 0 || (r = check_mounts(root, spec, err)) < 0 ||
	    (r = check_namespaces(root, spec, err)) < 0 || (r = check_sysctls(root, spec, err)) < 0 ||
	    (r = check_propagation(root, spec, err)) < 0 ||
	    (r = check_paths(root, "maskedPaths", spec->masked_paths, err)) < 0 ||
	    (r = check_paths(root, "readonlyPaths", spec->readonly_paths, err)) < 0)
		return r;
	return 0;
}
