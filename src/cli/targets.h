/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which containers a command is about: its arguments, or --all, --latest, --filter and --cidfile (as Podman has them).
 * A filter takes its pick of the arguments, or, where there are none, of what --all means.
 */
#pragma once

#include "cli/command.h"

/* The first member of the options of a command with COMMAND_TARGETS; the rows are in its own table. */
struct targets {
	bool all, latest;
	bool ignore; /* those that are not there */
	char **filters;
	char **cidfiles; /* files with ids */
};

/* Neither a name nor a flag, or a name and --all or --latest, makes no sense. The dispatcher asks, before anything is opened. Errors: ERR_USAGE. */
int targets_check(const struct command *command, const struct targets *targets, char *const *args, struct error *err);

/*
 * The names, a strv: those in @args, or what the flags mean. @allowed is a mask of enum container_state bits that --all
 * takes. Errors: ERR_NO_CONTAINER for --latest of none; those of filters; ERR_NOT_FOUND for a --cidfile.
 */
int targets_resolve(struct cli *cli, const struct targets *targets, char *const *args, unsigned allowed, char ***ret,
		    struct error *err);

/*
 * --latest of a command that is about its first argument (COMMAND_LATEST). The dispatcher puts the container's name in the
 * place of @args' first word. free() *ret_name behind the command. Errors: ERR_NO_CONTAINER.
 */
int targets_latest(struct cli *cli, char **args, char **ret_name, struct error *err);

/* Its row, for options with a bool `latest` in front; and a table for commands that have no others. */
#define OPT_LATEST(type) OPT_BOOL(type, latest, 'l', "latest", "The last created container, instead of naming one")
struct latest_options {
	bool latest;
};
extern const struct option LATEST_OPTIONS[];

enum {
	TARGETS_RUNNING = 1u << STATE_RUNNING,
	TARGETS_PAUSED = 1u << STATE_PAUSED,
	TARGETS_ALIVE = TARGETS_RUNNING | TARGETS_PAUSED,
	TARGETS_STARTABLE = 1u << STATE_CREATED | 1u << STATE_EXITED,
	TARGETS_ANY = 0xff,
};

/* Rows for the tables of options. */
#define OPT_TARGETS_ALL(type, letter, help_) OPT_BOOL(type, targets.all, letter, "all", help_)
#define OPT_TARGETS_FILTER(type, letter) \
	OPT_LIST(type, targets.filters, letter, "filter", "Only those for which KEY=VALUE is true, as with ps")
#define OPT_TARGETS_CIDFILE(type)                                                                    \
	OPT_LIST(type, targets.cidfiles, 0, "cidfile", "Also the container whose ID is in the file", \
		 .completes = COMPLETE_FILES)
#define OPT_TARGETS_IGNORE(type, letter) \
	OPT_BOOL(type, targets.ignore, letter, "ignore", "Do not complain of containers that are not there")
#define OPT_TARGETS_LATEST(type, letter) \
	OPT_BOOL(type, targets.latest, letter, "latest", "The last created container, instead of naming one")
