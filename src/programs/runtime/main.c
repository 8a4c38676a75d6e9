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
	const char *names[64] = { NULL };
	for (size_t i = 0; RUNTIME_VERBS[i]; i++) {
		if (streq(RUNTIME_VERBS[i]->name, name))
			return RUNTIME_VERBS[i];
		if (i + 1 < ARRAY_SIZE(names))
			names[i] = RUNTIME_VERBS[i]->name;
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
		help_print(RUNTIME_VERBS, RUNTIME_OPTIONS);
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
	const struct option *const tables[] = { RUNTIME_OPTIONS, NULL };
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
