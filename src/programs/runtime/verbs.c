/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that everything walks: the command line, help, the manual page, completion. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"
#include "programs/runtime/help.h"
#include "programs/runtime/runtime.h"
#include "runtime/container.h"

const struct runtime_verb *const RUNTIME_VERBS[] = {
	&verb_checkpoint, &verb_create, &verb_delete, &verb_events, &verb_exec,	   &verb_features,
	&verb_kill,	  &verb_list,	&verb_mounts, &verb_pause,  &verb_ps,	   &verb_restore,
	&verb_resume,	  &verb_run,	&verb_spec,   &verb_start,  &verb_state,   &verb_update,
	NULL,
};

const char *const output_formats[] = { [OUTPUT_TABLE] = "table", [OUTPUT_JSON] = "json", NULL };

static const char *const cgroup_managers[] = {
	[CGROUP_MANAGER_CGROUPFS] = "cgroupfs",
	[CGROUP_MANAGER_SYSTEMD] = "systemd",
	[CGROUP_MANAGER_DISABLED] = "disabled",
	NULL,
};

/* "" and "auto", or a word for yes or no. */
static int parse_rootless(const char *value, void *field, struct error *err)
{
	bool yes = false;
	bool automatic = !*value || strcasecmp(value, "auto") == 0;
	int r = automatic ? 0 : parse_bool(value, &yes, err);
	if (r == 0)
		*(enum rootless *)field = automatic ? ROOTLESS_AUTO : yes ? ROOTLESS_YES : ROOTLESS_NO;
	return r;
}

const struct option RUNTIME_OPTIONS[] = {
	OPT_STRING(struct runtime_globals, root, 0, "root", "DIR", "Where the state of containers is kept"),
	OPT_STRING(struct runtime_globals, log, 0, "log", "DESTINATION",
		   "Log to [file:]PATH, journald:ID or syslog:ID instead of to standard error"),
	OPT_STRING(struct runtime_globals, log_format, 0, "log-format", "FORMAT", "text or json"),
	OPT_STRING(struct runtime_globals, log_level, 0, "log-level", "LEVEL", "debug, info, warn or error"),
	OPT_BOOL(struct runtime_globals, debug, 0, "debug", "The same as --log-level debug"),
	OPT_CHOICE(struct runtime_globals, cgroup_manager, 0, "cgroup-manager", cgroup_managers,
		   "cgroupfs (the default), systemd, or disabled: containers get no cgroup"),
	OPT_BOOL(struct runtime_globals, systemd_cgroup, 0, "systemd-cgroup", "The same as --cgroup-manager systemd"),
	OPT_PARSED(struct runtime_globals, rootless, parse_rootless, 0, "rootless", "WHEN",
		   "true, false or auto; cgroups that we may not make are done without in any case"),
	OPT_BOOL(struct runtime_globals, version, 'v', "version", "Print the version"),
	OPT_STRING(struct runtime_globals, criu, 0, "criu", "PATH", NULL), /* of older runc's */
	OPT_END,
};

int verb_parse(const struct runtime_verb *verb, char **argv, void *target, size_t min, size_t max, char ***ret_args,
	       struct error *err)
{
	const struct option *const tables[] = { verb->options, NULL };
	_cleanup_free_ char **args = NULL;
	int r = options_parse(tables, verb->flags & VERB_STOPS_AT_ARGUMENT ? OPTIONS_STOP_AT_ARGUMENT : 0, argv, target,
			      &args, err);
	if (r < 0)
		return r;
	if (r > 0) {
		help_print_verb(verb);
		return 1;
	}
	size_t count = strv_count(args);
	if (count < min || count > max) {
		r = err_set(err, ERR_USAGE, "\"%s\" takes %s: %zu given", verb->name,
			    *verb->arguments ? verb->arguments : "no arguments", count);
		err_hint(err, "coffer-runtime %s --help", verb->name);
		return r;
	}
	*ret_args = TAKE_PTR(args);
	return 0;
}

int verb_load(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv,
	      struct container **ret, struct error *err)
{
	_cleanup_free_ char **args = NULL;
	int r = verb_parse(verb, argv, NULL, 1, 1, &args, err);
	return r != 0 ? r : container_load(globals->root, args[0], ret, err);
}
