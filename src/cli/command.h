/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands, in one table. Everything that has to know which there are - dispatch, `--help`, "did you mean", man
 * pages, shell completion - walks it; a new command is a file with a `const struct command` and a row in command.c.
 *
 * Invariants:
 *  C1  A command's run function prints results on standard output and returns an exit status, or fails with an error
 *      that the dispatcher reports. It prints errors itself only where it goes on after them (report_failure()).
 *  C2  Exit statuses derive from the error's code and the command's flags (command_exit_status()), never from text.
 *  C3  Nothing is done before run() that the command's row does not ask for: the way to `coffer run` is short.
 */
#pragma once

#include "base/cleanup.h"
#include "cli/options.h"
#include "engine/engine.h"

/* What the words before the command said, and what the command works with. */
struct cli {
	char *root, *runroot; /* absolute */
	bool own_root, own_runroot; /* somebody chose them, and they are not the default */
	bool debug, show_version;
	char *log_level;
	char *cgroup_manager;
	char *storage_driver;
	struct engine *engine; /* NULL unless COMMAND_ENGINE */
};

struct example {
	const char *command; /* behind "coffer "; NULL ends a list */
	const char *text;
};

enum command_flags {
	COMMAND_ENGINE = 1 << 0,    /* needs the engine */
	COMMAND_RECONCILE = 1 << 1, /* finishes what dead commands and monitors left, first */
	COMMAND_STARTS = 1 << 2,    /* fails with err_info()->exit_status instead of 1 */
	COMMAND_STOP_AT_ARGUMENT = 1 << 3,
	COMMAND_COMMON = 1 << 4, /* among the first in `coffer --help` */
	COMMAND_HIDDEN = 1 << 5, /* for programs; in no list */
	COMMAND_TARGETS =
		1 << 6, /* its options begin with struct targets (targets.h), which may stand for its arguments */
	COMMAND_LATEST = 1 << 7, /* its options begin with a bool (targets.h), which stands for its first argument */
	COMMAND_ENTERS =
		1 << 8, /* what fails in the container is 126 or 127, or 125 when its program runs, instead of 1 */
	COMMAND_DOCUMENTS =
		1 << 9, /* shows documents, not rows: there Docker exits 64 for a template that cannot be parsed */
};

enum { ARGS_ANY = -1 };

struct command {
	const char *name;	    /* "ps", or with its group: "container inspect" */
	const char *const *aliases; /* "container ls", ...; the first of a group stands in the group's help */
	int flags;		    /* enum command_flags */
	const char *usage;	    /* "[OPTIONS] IMAGE [COMMAND] [ARG...]" */
	const char *summary;	    /* one line, as in a list */
	const char *description;    /* paragraphs for the man page, "\n\n" between them; or NULL */
	const struct example *examples;
	int min_args, max_args;
	enum completes completes; /* what the arguments are */
	option_tables options;
	size_t options_size;  /* of the struct that they fill, which run() gets */
	const void *defaults; /* what it holds before; NULL: zeroes */
	int (*prepare)(void *options, struct error *err); /* puts into it what no flag says; or NULL */
	int (*run)(struct cli *cli, void *options, char **args, struct error *err);
	void (*done)(void *options); /* frees what options_done() does not know of, and runs before it; or NULL */
};

/* A first word that is no command but a family of them: "container", "image", "system". */
struct command_group {
	const char *name; /* NULL ends the list */
	const char *summary;
};

extern const struct command *const COMMANDS[]; /* NULL-terminated, by name */
extern const struct command_group COMMAND_GROUPS[];
extern const struct option GLOBAL_OPTIONS[]; /* of struct cli */

/*
 * The command that the first one or two of @words name, by name or alias; *ret_used says how many they were. Errors:
 * ERR_USAGE with the nearest name as the hint.
 */
int command_find(char *const *words, const struct command **ret, size_t *ret_used, struct error *err);
const struct command_group *command_group_find(const char *name);

/* The last word under which @command stands in @group ("ls" for ps in container), or NULL. */
const char *command_name_in_group(const struct command *command, const struct command_group *group);

/* The exit status of @command when it has failed with @err. */
int command_exit_status(const struct command *command, const struct error *err);

/* The process's main(). */
int cli_main(int argc, char **argv);

DEFINE_CLEANUP(struct container_record *, container_record_free);
DEFINE_CLEANUP(struct image *, image_free);
#define _cleanup_record_ _cleanup_(container_record_freep)
#define _cleanup_image_ _cleanup_(image_freep)

/* --- The commands, each in a file of its name --- */

extern const struct command command_attach;
extern const struct command command_container_prune;
extern const struct command command_cleanup;
extern const struct command command_commit;
extern const struct command command_container_inspect;
extern const struct command command_cp;
extern const struct command command_create;
extern const struct command command_df;
extern const struct command command_diff;
extern const struct command command_events;
extern const struct command command_exec;
extern const struct command command_export;
extern const struct command command_generate_systemd;
extern const struct command command_fs_trace;
extern const struct command command_help;
extern const struct command command_history;
extern const struct command command_image_inspect;
extern const struct command command_image_layers;
extern const struct command command_image_mount;
extern const struct command command_image_packages;
extern const struct command command_image_prune;
extern const struct command command_image_referrers;
extern const struct command command_image_tree;
extern const struct command command_image_unmount;
extern const struct command command_image_verify;
extern const struct command command_images;
extern const struct command command_import;
extern const struct command command_info;
extern const struct command command_inspect;
extern const struct command command_kill;
extern const struct command command_load;
extern const struct command command_login;
extern const struct command command_logout;
extern const struct command command_logs;
extern const struct command command_metrics;
extern const struct command command_pause;
extern const struct command command_perf_record;
extern const struct command command_perf_stat;
extern const struct command command_network_check;
extern const struct command command_network_connect;
extern const struct command command_network_create;
extern const struct command command_network_disconnect;
extern const struct command command_network_exists;
extern const struct command command_network_gc;
extern const struct command command_network_inspect;
extern const struct command command_network_ls;
extern const struct command command_network_netns;
extern const struct command command_network_policy;
extern const struct command command_network_prune;
extern const struct command command_network_reload;
extern const struct command command_network_rm;
extern const struct command command_network_stats;
extern const struct command command_network_trace;
extern const struct command command_network_veth;
extern const struct command command_pod_create;
extern const struct command command_pod_exists;
extern const struct command command_pod_inspect;
extern const struct command command_pod_kill;
extern const struct command command_pod_ls;
extern const struct command command_pod_pause;
extern const struct command command_pod_prune;
extern const struct command command_pod_restart;
extern const struct command command_pod_rm;
extern const struct command command_pod_start;
extern const struct command command_pod_stats;
extern const struct command command_pod_stop;
extern const struct command command_pod_top;
extern const struct command command_pod_unpause;
extern const struct command command_port;
extern const struct command command_ps;
extern const struct command command_pull;
extern const struct command command_push;
extern const struct command command_rename;
extern const struct command command_restart;
extern const struct command command_rm;
extern const struct command command_rmi;
extern const struct command command_run;
extern const struct command command_save;
extern const struct command command_search;
extern const struct command command_secret_create;
extern const struct command command_secret_inspect;
extern const struct command command_secret_ls;
extern const struct command command_secret_rm;
extern const struct command command_start;
extern const struct command command_stats;
extern const struct command command_stop;
extern const struct command command_system_boot;
extern const struct command command_system_check;
extern const struct command command_system_shutdown;
extern const struct command command_system_prune;
extern const struct command command_tag;
extern const struct command command_top;
extern const struct command command_unpause;
extern const struct command command_unshare;
extern const struct command command_update;
extern const struct command command_version;
extern const struct command command_volume_create;
extern const struct command command_volume_inspect;
extern const struct command command_volume_ls;
extern const struct command command_volume_prune;
extern const struct command command_volume_rm;
extern const struct command command_wait;
