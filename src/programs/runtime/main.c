/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"
#include "programs/runtime/help.h"
#include "programs/runtime/runtime.h"
#include "runtime/container.h"

static const struct runtime_verb *const VERBS[] = {
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

static const struct option GLOBAL_OPTIONS[] = {
	OPT_STRING(struct runtime_globals, root, 0, "root", "DIR", "Where the state of containers is kept"),
	OPT_STRING(struct runtime_globals, log, 0, "log", "DESTINATION",
		   "Log to [file:]PATH, journald:ID or syslog:ID instead of to standard error"),
	OPT_STRING(struct runtime_globals, log_format, 0, "log-format", "FORMAT", "text or json"),
	OPT_STRING(struct runtime_globals, log_level, 0, "log-level", "LEVEL", "debug, info, warn or error"),
	OPT_BOOL(struct runtime_globals, debug, 0, "debug", "The same as --log-level debug"),
	OPT_CHOICE(struct runtime_globals, cgroup_manager, 0, "cgroup-manager", cgroup_managers,
		   "cgroupfs (the default), systemd (not supported), or disabled: containers get no cgroup"),
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

static int set_up_log(const struct runtime_globals *globals, struct error *err)
{
	enum log_level level = LOG_LEVEL_WARN;
	enum log_format format = LOG_FORMAT_TEXT;
	int r = 0;
	if (globals->log_level && (r = log_level_parse(globals->log_level, &level, err)) < 0)
		return r;
	if (globals->log_format && (r = log_format_parse(globals->log_format, &format, err)) < 0)
		return r;
	log_set_level(globals->debug ? LOG_LEVEL_DEBUG : level);
	log_set_format(format);
	return str_is_empty(globals->log) ? 0 : log_open(globals->log, err);
}

static const struct runtime_verb *find_verb(const char *name, struct error *err)
{
	const char *names[ARRAY_SIZE(VERBS)] = { 0 };
	for (size_t i = 0; VERBS[i]; i++) {
		if (streq(VERBS[i]->name, name))
			return VERBS[i];
		names[i] = VERBS[i]->name;
	}
	err_set(err, ERR_USAGE, "unknown verb \"%s\"", name);
	const char *nearest = str_nearest(name, names);
	err_hint(err, nearest ? "coffer-runtime %s" : "coffer-runtime --help", nearest);
	return NULL;
}

/* Standard error is for people; a log of its own is for the program that called us, and gets one line. */
static int report(const struct error *err, int status)
{
	char text[sizeof *err + 128];
	if (log_fd() != STDERR_FILENO)
		log_failure(LOG_LEVEL_ERROR, err->stage == STAGE_NONE ? NULL : err_stage_name(err->stage), err);
	int len = err_format(err, "coffer-runtime", status, text, sizeof text);
	(void)fd_write_all(STDERR_FILENO, text, MIN((size_t)len, sizeof text - 1));
	return status;
}

static int print_help(const char *verb_name, struct error *err)
{
	const struct runtime_verb *verb = verb_name ? find_verb(verb_name, err) : NULL;
	if (verb)
		help_print_verb(verb);
	else if (!verb_name)
		help_print(VERBS, GLOBAL_OPTIONS);
	return verb || !verb_name ? 0 : -ERR_USAGE;
}

static int dispatch(struct runtime_globals *globals, char **argv, char **args, struct error *err)
{
	if (globals->version) {
		printf("coffer-runtime version %s\nspec: %s\n", VERSION, OCI_VERSION);
		return 0;
	}
	if (!args[0] || streq(args[0], "help"))
		return print_help(args[0] ? args[1] : NULL, err);
	int r = set_up_log(globals, err);
	if (r < 0)
		return r;
	if (globals->systemd_cgroup || globals->cgroup_manager == CGROUP_MANAGER_SYSTEMD)
		return err_set(err, ERR_UNSUPPORTED, "the systemd cgroup driver is not supported");
	const struct runtime_verb *verb = find_verb(args[0], err);
	r = verb ? 0 : -ERR_USAGE;
	if (r == 0 && (verb->flags & VERB_ENTERS))
		r = self_protect(argv, err);
	return r < 0 ? r : verb->run(globals, verb, args + 1, err);
}

int main(int argc, char **argv)
{
	(void)argc;
	struct runtime_globals globals = { 0 };
	struct error err = { 0 };
	const struct option *const tables[] = { GLOBAL_OPTIONS, NULL };
	_cleanup_free_ char **args = NULL;
	/* After self_protect() our name would be that of an fd. */
	prctl(PR_SET_NAME, "coffer-runtime");
	if (fd_fill_standard() < 0)
		return 1;
	int r = options_parse(tables, OPTIONS_STOP_AT_ARGUMENT, argv + 1, &globals, &args, &err);
	globals.default_root = !globals.root;
	if (!globals.root)
		globals.root = mem_strdup(RUNSTATEDIR "/coffer-runtime");
	if (r > 0)
		r = print_help(NULL, &err);
	else if (r == 0)
		r = dispatch(&globals, argv, args, &err);
	options_done(tables, &globals);
	if (err.code)
		return report(&err, r > 0 ? r : 1);
	return r < 0 ? 1 : r;
}
