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
#include "base/util.h"
#include "cli/options.h"
#include "runtime/container.h"

/* What stands before the verb. */
struct runtime_globals {
	char *root; /* state root */
	bool default_root;
	char *log;
	char *log_format;
	char *log_level;
	bool debug;
	enum cgroup_manager cgroup_manager;
	bool systemd_cgroup;
	bool version;
	enum rootless { ROOTLESS_AUTO, ROOTLESS_NO, ROOTLESS_YES } rootless;
	char *criu;
};

/* The words of `--format`, for OPT_CHOICE(). */
enum output_format { OUTPUT_TABLE, OUTPUT_JSON };
extern const char *const output_formats[];

struct runtime_verb {
	const char *name;
	const char *arguments; /* of the usage line */
	const char *summary;
	const struct option *options; /* NULL: none */
	int flags;		      /* enum verb_flags */
	/*
	 * @argv: the command line behind the verb. Returns an exit status, or a negative code for 1. If an error is
	 * set, it is reported in any case.
	 */
	int (*run)(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv,
		   struct error *err);
};

extern const struct runtime_verb verb_checkpoint, verb_create, verb_delete, verb_events, verb_exec, verb_features,
	verb_kill, verb_list, verb_mounts, verb_pause, verb_ps, verb_restore, verb_resume, verb_run, verb_spec,
	verb_start, verb_state, verb_update;

extern const struct runtime_verb *const RUNTIME_VERBS[]; /* NULL-terminated, by name */
extern const struct option RUNTIME_OPTIONS[];		 /* of struct runtime_globals */

enum verb_flags {
	VERB_ENTERS = 1 << 0,		 /* makes a process that enters a container: see self_protect() */
	VERB_STOPS_AT_ARGUMENT = 1 << 1, /* what follows the first argument belongs to another program */
};

/*
 * Parse @argv by the verb's table into @target; *ret_args are the arguments, between @min and @max of them.
 * Returns 0; 1 if help was asked for and printed.
 */
int verb_parse(const struct runtime_verb *verb, char **argv, void *target, size_t min, size_t max, char ***ret_args,
	       struct error *err);

/* The same for a verb whose command line is the id of a container, which is loaded. */
int verb_load(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv,
	      struct container **ret, struct error *err);
