/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coffer-runtime: the OCI runtime's command line over the library runtime/. One file per verb; one table of verbs.
 *
 * Source: OCI runtime command line interface (opencontainers/runtime-tools, docs/command-line-interface.md) and runc's
 * manual pages.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "cli/options.h"

/* What stands before the verb. */
struct runtime_globals {
	char *root; /* state root */
	char *log;
	char *log_format;
	char *log_level;
	bool debug;
	bool systemd_cgroup;
	bool version;
	char *rootless;
};

struct runtime_verb {
	const char *name;
	const char *arguments; /* of the usage line */
	const char *summary;
	const struct option *options; /* NULL: none */
	int flags; /* enum verb_flags */
	/* @argv: the command line behind the verb. Returns an exit status or a negative code. */
	int (*run)(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv,
		   struct error *err);
};

extern const struct runtime_verb verb_create, verb_delete, verb_exec, verb_kill, verb_list, verb_run, verb_spec, verb_start,
	verb_state;

enum verb_flags {
	VERB_ENTERS = 1 << 0,	       /* makes a process that enters a container: see self_protect() */
	VERB_STOPS_AT_ARGUMENT = 1 << 1, /* what follows the first argument belongs to another program */
};

/*
 * Parse @argv by the verb's table into @target; *ret_args are the arguments, between @min and @max of them.
 * Returns 0; 1 if help was asked for and printed.
 */
int verb_parse(const struct runtime_verb *verb, char **argv, void *target, size_t min, size_t max, char ***ret_args,
	       struct error *err);
