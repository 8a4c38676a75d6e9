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
#include "base/str.h"
#include "base/util.h"
#include "programs/runtime/runtime.h"
#include "runtime/container.h"

static const struct runtime_verb *const VERBS[] = {
	&verb_create, &verb_delete, &verb_exec, &verb_kill, &verb_list, &verb_run, &verb_spec, &verb_start, &verb_state,
};

static const struct option GLOBAL_OPTIONS[] = {
	OPT_STRING(struct runtime_globals, root, 0, "root", "DIR", "Where the state of containers is kept"),
	OPT_STRING(struct runtime_globals, log, 0, "log", "FILE", "Write the log there instead of to standard error"),
	OPT_STRING(struct runtime_globals, log_format, 0, "log-format", "FORMAT", "text or json"),
	OPT_STRING(struct runtime_globals, log_level, 0, "log-level", "LEVEL", "debug, info, warn or error"),
	OPT_BOOL(struct runtime_globals, debug, 0, "debug", "The same as --log-level debug"),
	OPT_BOOL(struct runtime_globals, systemd_cgroup, 0, "systemd-cgroup", "Let systemd make cgroups (not supported)"),
	OPT_STRING(struct runtime_globals, rootless, 0, "rootless", "WHEN", "true, false or auto (ignored: root only)"),
	OPT_BOOL(struct runtime_globals, version, 'v', "version", "Print the version"),
	OPT_END,
};

static void print_options(const struct option *options)
{
	for (const struct option *option = options; option && option->name; option++) {
		char flag[64];
		snprintf(flag, sizeof flag, "%c%c%c --%s %s", option->letter ? '-' : ' ',
			 option->letter ? option->letter : ' ', option->letter ? ',' : ' ', option->name,
			 option->metavar ? option->metavar : "");
		printf("  %-34s %s\n", flag, option->help);
	}
}

static void print_help(void)
{
	printf("Usage: coffer-runtime [OPTIONS] VERB [ARGUMENTS]\n\nAn OCI runtime.\n\nVerbs:\n");
	for (size_t i = 0; i < ARRAY_SIZE(VERBS); i++)
		printf("  %-10s %s\n", VERBS[i]->name, VERBS[i]->summary);
	printf("\nOptions:\n");
	print_options(GLOBAL_OPTIONS);
}

static void print_verb_help(const struct runtime_verb *verb)
{
	printf("Usage: coffer-runtime %s [OPTIONS] %s\n\n%s\n", verb->name, verb->arguments, verb->summary);
	if (verb->options)
		printf("\nOptions:\n");
	print_options(verb->options);
}

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
		print_verb_help(verb);
		return 1;
	}
	size_t count = strv_count(args);
	if (count < min || count > max) {
		r = err_set(err, ERR_USAGE, "\"%s\" takes %s: %zu given", verb->name, verb->arguments, count);
		err_hint(err, "coffer-runtime %s --help", verb->name);
		return r;
	}
	*ret_args = TAKE_PTR(args);
	return 0;
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
	return str_is_empty(globals->log) ? 0 : log_open_file(globals->log, err);
}

static const struct runtime_verb *find_verb(const char *name, struct error *err)
{
	const char *names[ARRAY_SIZE(VERBS) + 1] = { 0 };
	for (size_t i = 0; i < ARRAY_SIZE(VERBS); i++) {
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
static int report(const struct error *err)
{
	char text[sizeof *err + 128];
	if (log_fd() != STDERR_FILENO)
		log_failure(LOG_LEVEL_ERROR, err_stage_name(err->stage), err);
	int len = err_format(err, "coffer-runtime", 1, text, sizeof text);
	(void)fd_write_all(STDERR_FILENO, text, MIN((size_t)len, sizeof text - 1));
	return 1;
}

static int dispatch(struct runtime_globals *globals, char **argv, char **args, struct error *err)
{
	if (globals->version) {
		printf("coffer-runtime version %s\nspec: 1.2.1\n", VERSION);
		return 0;
	}
	if (!args[0] || streq(args[0], "help")) {
		print_help();
		return 0;
	}
	if (globals->systemd_cgroup)
		return err_set(err, ERR_UNSUPPORTED, "the systemd cgroup driver is not supported");
	const struct runtime_verb *verb = find_verb(args[0], err);
	int r = verb ? set_up_log(globals, err) : -ERR_USAGE;
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
	if (!globals.root)
		globals.root = mem_strdup(RUNSTATEDIR "/coffer-runtime");
	if (r > 0)
		print_help();
	else if (r == 0)
		r = dispatch(&globals, argv, args, &err);
	else
		r = -ERR_USAGE;
	options_done(tables, &globals);
	if (err.code)
		return report(&err);
	return r < 0 ? 1 : r;
}
