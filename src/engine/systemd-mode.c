/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/systemd-mode.h"

#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/cgroup-place.h"
#include "engine/sharing.h"
#include "runtime/cgroup.h"

enum { UUID_DIGITS = 32 };

static bool is_always(const struct container_config *config)
{
	return streq_null(config_spec(config)->systemd_mode, "always");
}

/* What a shell that the image asks for is told to run counts, too. */
static bool runs_init(const struct container_config *config)
{
	static const char *const inits[] = { "/sbin/init", "/usr/sbin/init", "/usr/local/sbin/init", NULL };
	_cleanup_strv_ char **args = config_args(config);
	size_t count = strv_count(args);
	const char *program = count > 0 ? args[0] : "";
	if (count > 2 && streq(args[0], "/bin/sh") && streq(args[1], "-c"))
		program = args[2];
	return strv_contains((char *const *)inits, program) || streq(path_base(program), "systemd");
}

bool systemd_mode(const struct container_config *config)
{
	const struct container_spec *spec = config_spec(config);
	if (is_always(config))
		return true;
	return !streq_null(spec->systemd_mode, "false") && !spec->init && runs_init(config);
}

/* --- cgroups --- */

static bool has_said_so(const struct container_config *config)
{
	for (char **option = config->security_options; option && *option; option++)
		if (str_starts_with(*option, "writable-cgroups"))
			return true;
	return false;
}

/*
 * The hierarchy that systemd keeps its units in has no controllers, and so no limits that it could lift. An ordinary user
 * has no place in it.
 */
static bool has_hierarchy_of_its_own(const struct container_config *config)
{
	bool v1 = cgroup_layout() == CGROUP_LAYOUT_V1 || cgroup_layout() == CGROUP_LAYOUT_HYBRID;
	return v1 && access("/sys/fs/cgroup/systemd", W_OK) == 0 && !config_spec(config)->privileged &&
	       has_own(config_spec(config), NAMESPACE_CGROUP);
}

int systemd_mode_open_cgroups(const struct container_config *config, bool *writable_cgroups, struct error *err)
{
	struct error why = { 0 };
	if (!systemd_mode(config) || *writable_cgroups || has_said_so(config) || has_hierarchy_of_its_own(config))
		return 0;
	if (cgroup_place_check_writable(config_spec(config), &why) >= 0) {
		*writable_cgroups = true;
		return 0;
	}
	if (!is_always(config)) {
		log_warn("systemd in the container finds no control group that it may divide: %s", why.cause);
		return 0;
	}
	err_set(err, ERR_UNSUPPORTED, "--systemd always: the container finds no control group that it may divide");
	return err_cause(err, "%s", why.cause);
}

static void add_mount(struct json_object *mounts, const char *destination, const char *type, const char *const *options)
{
	struct json_object *mount = json_object_new_object();
	json_add_string(mount, "destination", destination);
	json_add_string(mount, "type", type);
	json_add_string(mount, "source", type);
	json_add_strv(mount, "options", (char *const *)options);
	json_object_array_add(mounts, mount);
}

void systemd_mode_add_hierarchy(const struct container_config *config, struct json_object *mounts)
{
	static const char *const named[] = { "nosuid", "noexec", "nodev", "name=systemd", NULL };
	static const char *const empty[] = { "nosuid", "noexec", "nodev", "ro", "size=4k", NULL };
	if (!systemd_mode(config) || !has_hierarchy_of_its_own(config))
		return;
	add_mount(mounts, "/sys/fs/cgroup/systemd", "cgroup", named);
	/* If it sees a v2 tree, it wants that one. */
	if (cgroup_layout() == CGROUP_LAYOUT_HYBRID)
		add_mount(mounts, "/sys/fs/cgroup/unified", "tmpfs", empty);
}

/* --- the rest --- */

char **systemd_mode_env(const struct container_config *config, const char *id)
{
	char **env = NULL;
	if (!systemd_mode(config))
		return NULL;
	strv_append(&env, "container=coffer");
	strv_take(&env, mem_printf("container_uuid=%.*s", UUID_DIGITS, id));
	return env;
}

static bool is_taken(const struct container_config *config, const char *target)
{
	for (size_t i = 0; i < config->n_mounts; i++)
		if (streq(config->mounts[i].target, target))
			return true;
	return false;
}

void systemd_mode_mounts(const struct container_config *config, struct mount_request **list, size_t *count)
{
	static const struct {
		const char *target, *options;
	} mounts[] = { { "/run", "exec,mode=755,tmpcopyup" },
		       { "/run/lock", "mode=755" },
		       { "/tmp", "exec,mode=1777,tmpcopyup" } };
	for (size_t i = 0; systemd_mode(config) && i < ARRAY_SIZE(mounts); i++) {
		if (is_taken(config, mounts[i].target))
			continue;
		struct mount_request *mount = ARRAY_APPEND(*list, *count);
		mount->kind = MOUNT_TMPFS;
		mount->target = mem_strdup(mounts[i].target);
		mount->options = strv_split(mounts[i].options, ',');
	}
}
