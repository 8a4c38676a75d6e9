/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"

enum { EXIT_FAILED = 1, EXIT_NOT_EXECUTED = 126 };

const struct command *const COMMANDS[] = {
	&command_attach,
	&command_commit,
	&command_cleanup,
	&command_container_inspect,
	&command_container_prune,
	&command_cp,
	&command_create,
	&command_diff,
	&command_events,
	&command_exec,
	&command_export,
	&command_fs_trace,
	&command_generate_systemd,
	&command_help,
	&command_history,
	&command_image_inspect,
	&command_image_layers,
	&command_image_mount,
	&command_image_packages,
	&command_image_prune,
	&command_image_referrers,
	&command_image_tree,
	&command_image_unmount,
	&command_image_verify,
	&command_images,
	&command_import,
	&command_info,
	&command_inspect,
	&command_kill,
	&command_load,
	&command_login,
	&command_logout,
	&command_logs,
	&command_metrics,
	&command_network_check,
	&command_network_connect,
	&command_network_create,
	&command_network_disconnect,
	&command_network_exists,
	&command_network_gc,
	&command_network_inspect,
	&command_network_ls,
	&command_network_netns,
	&command_network_policy,
	&command_network_prune,
	&command_network_reload,
	&command_network_rm,
	&command_network_stats,
	&command_network_trace,
	&command_network_veth,
	&command_pause,
	&command_perf_record,
	&command_perf_stat,
	&command_pod_create,
	&command_pod_exists,
	&command_pod_inspect,
	&command_pod_kill,
	&command_pod_ls,
	&command_pod_pause,
	&command_pod_prune,
	&command_pod_restart,
	&command_pod_rm,
	&command_pod_start,
	&command_pod_stats,
	&command_pod_stop,
	&command_pod_top,
	&command_pod_unpause,
	&command_port,
	&command_ps,
	&command_pull,
	&command_push,
	&command_rename,
	&command_restart,
	&command_rm,
	&command_rmi,
	&command_run,
	&command_save,
	&command_search,
	&command_secret_create,
	&command_secret_inspect,
	&command_secret_ls,
	&command_secret_rm,
	&command_start,
	&command_stats,
	&command_stop,
	&command_system_boot,
	&command_system_check,
	&command_df,
	&command_system_prune,
	&command_system_shutdown,
	&command_tag,
	&command_top,
	&command_unpause,
	&command_unshare,
	&command_update,
	&command_version,
	&command_volume_create,
	&command_volume_inspect,
	&command_volume_ls,
	&command_volume_prune,
	&command_volume_rm,
	&command_wait,
	NULL,
};

const struct command_group COMMAND_GROUPS[] = {
	{ "container", "Manage containers" },
	{ "fs", "Look into the files of containers" },
	{ "generate", "Make units of systemd" },
	{ "image", "Manage images" },
	{ "network", "Manage networks" },
	{ "perf", "Count and sample what processors do in containers" },
	{ "pod", "Manage pods" },
	{ "secret", "Manage secrets" },
	{ "system", "Manage coffer itself" },
	{ "volume", "Manage volumes" },
	{ 0 },
};

const struct option GLOBAL_OPTIONS[] = {
	OPT_STRING(struct cli, cgroup_manager, 0, "cgroup-manager", "string",
		   "Who makes control groups: \"cgroupfs\" or \"systemd\" (default: systemd where it rules the machine)",
		   .choices = (const char *const[]){ "cgroupfs", "systemd", NULL }),
	OPT_BOOL(struct cli, debug, 'D', "debug", "Log at debug level"),
	OPT_STRING(struct cli, log_level, 'l', "log-level", "string",
		   "How much to log: debug, info, warn or error (default \"warn\")",
		   .choices = (const char *const[]){ "debug", "info", "warn", "error", NULL }),
	OPT_STRING(struct cli, root, 0, "root", "directory",
		   "Where images, containers and the database are (default \"" LOCALSTATEDIR "/lib/coffer\")",
		   .completes = COMPLETE_FILES),
	OPT_STRING(struct cli, runroot, 0, "runroot", "directory",
		   "Where the state of what runs is (default \"" RUNSTATEDIR "/coffer\")", .completes = COMPLETE_FILES),
	OPT_STRING(
		struct cli, storage_driver, 0, "storage-driver", "string",
		"What new containers are stored with: \"overlay2\", \"fuse-overlayfs\", or \"vfs\", which copies (default: the first "
		"that works)",
		.choices = (const char *const[]){ "overlay2", "fuse-overlayfs", "vfs", NULL }),
	OPT_BOOL(struct cli, show_version, 'v', "version", "Print the version and quit"),
	OPT_END,
};

static bool has_name(const struct command *command, const char *name)
{
	return streq(command->name, name) || strv_contains((char *const *)command->aliases, name);
}

static const struct command *find_by_name(const char *name)
{
	for (const struct command *const *command = COMMANDS; *command; command++)
		if (has_name(*command, name))
			return *command;
	return NULL;
}

const struct command_group *command_group_find(const char *name)
{
	for (const struct command_group *group = COMMAND_GROUPS; group->name; group++)
		if (streq(group->name, name))
			return group;
	return NULL;
}

/* What can be typed where @name was: every name that is not hidden. */
static const char *nearest_name(const char *name)
{
	_cleanup_free_ const char **names = NULL;
	size_t count = 0;
	for (const struct command *const *command = COMMANDS; *command; command++) {
		if ((*command)->flags & COMMAND_HIDDEN)
			continue;
		*ARRAY_APPEND(names, count) = (*command)->name;
		for (const char *const *alias = (*command)->aliases; alias && *alias; alias++)
			*ARRAY_APPEND(names, count) = *alias;
	}
	*ARRAY_APPEND(names, count) = NULL;
	return str_nearest(name, names);
}

int command_find(char *const *words, const struct command **ret, size_t *ret_used, struct error *err)
{
	bool grouped = words[1] && command_group_find(words[0]);
	_cleanup_free_ char *name = grouped ? mem_printf("%s %s", words[0], words[1]) : mem_strdup(words[0]);
	const struct command *command = find_by_name(name);
	if (command) {
		*ret = command;
		*ret_used = grouped ? 2 : 1;
		return 0;
	}
	err_set(err, ERR_USAGE, "unknown command: coffer %s", name);
	const char *nearest = nearest_name(name);
	if (nearest)
		return err_hint(err, "did you mean coffer %s", nearest);
	return grouped ? err_hint(err, "coffer %s --help", words[0]) : err_hint(err, "coffer --help");
}

static const char *name_in_group(const char *name, const struct command_group *group)
{
	const char *rest = str_after(name, group->name);
	return rest && *rest == ' ' ? rest + 1 : NULL;
}

const char *command_name_in_group(const struct command *command, const struct command_group *group)
{
	const char *name = name_in_group(command->name, group);
	for (const char *const *alias = command->aliases; !name && alias && *alias; alias++)
		name = name_in_group(*alias, group);
	return name;
}

int command_exit_status(const struct command *command, const struct error *err)
{
	int flags = command ? command->flags : 0, status = err_info(err->code)->exit_status;
	if ((flags & COMMAND_STARTS) || err->code == ERR_USAGE)
		return status;
	if ((flags & COMMAND_DOCUMENTS) && err->code == ERR_TEMPLATE)
		return status;
	if (!(flags & COMMAND_ENTERS) || (err->stage != STAGE_EXEC && err->stage != STAGE_APP))
		return EXIT_FAILED;
	return err->stage == STAGE_EXEC ? MAX(status, (int)EXIT_NOT_EXECUTED) : status;
}
