/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "engine/engine.h"
#include "engine/rootless.h"

/* EXIT_COFFER: coffer itself failed, before any object was touched. */
enum { EXIT_COFFER = 125, FILE_CREATION_MASK = 0022 };

static const struct option *const GLOBAL_TABLES[] = { GLOBAL_OPTIONS, NULL };

static void cli_done(struct cli *cli)
{
	engine_free(cli->engine);
	options_done(GLOBAL_TABLES, cli);
}
#define _cleanup_cli_ _cleanup_(cli_done)

/* --- What stands before the command --- */

/* Of flag, environment and default the first that says something; made absolute. */
static int choose_directory(char **dir, const char *flag, const char *variable, const char *fallback, struct error *err)
{
	const char *from_environment = getenv(variable);
	const char *chosen = *dir ? *dir : str_is_empty(from_environment) ? fallback : from_environment;
	if (!*chosen)
		return err_set(err, ERR_USAGE, "invalid argument \"\" for \"--%s\" flag: a directory is expected",
			       flag);
	char *absolute;
	if (*chosen == '/') {
		absolute = mem_strdup(chosen);
	} else {
		_cleanup_free_ char *here = getcwd(NULL, 0);
		if (!here)
			return err_set(err, ERR_NOT_FOUND, "\"%s\" is relative to a directory that is gone", chosen);
		absolute = path_join(here, chosen);
	}
	free(*dir);
	*dir = absolute;
	return 0;
}

static int choose_directories(struct cli *cli, struct error *err)
{
	_cleanup_free_ char *root = NULL, *runroot = NULL;
	int r = rootless_default_root(&root, err);
	if (r >= 0)
		r = rootless_default_runroot(&runroot, err);
	if (r >= 0)
		r = choose_directory(&cli->root, "root", "COFFER_ROOT", root, err);
	if (r >= 0)
		r = choose_directory(&cli->runroot, "runroot", "COFFER_RUNROOT", runroot, err);
	if (r < 0)
		return r;
	cli->own_root = !streq(cli->root, root);
	cli->own_runroot = !streq(cli->runroot, runroot);
	return 0;
}

static int set_log_level(const struct cli *cli, struct error *err)
{
	enum log_level level;
	if (cli->log_level) {
		int r = log_level_parse(cli->log_level, &level, err);
		if (r < 0)
			return r;
		log_set_level(level);
	}
	if (cli->debug)
		log_set_level(LOG_LEVEL_DEBUG);
	return 0;
}

/* --- The command --- */

static int check_count(const struct command *command, char *const *args, struct error *err)
{
	int count = (int)strv_count(args), min = command->min_args, max = command->max_args;
	if (count >= min && (max == ARGS_ANY || count <= max))
		return 0;
	if (max == 0)
		err_set(err, ERR_USAGE, "'coffer %s' accepts no arguments", command->name);
	else if (max == min || (max == ARGS_ANY && count < min))
		err_set(err, ERR_USAGE, "'coffer %s' requires %s%d argument%s", command->name,
			max == ARGS_ANY ? "at least " : "", min, min == 1 ? "" : "s");
	else if (count < min)
		err_set(err, ERR_USAGE, "'coffer %s' requires at least %d argument%s", command->name, min,
			min == 1 ? "" : "s");
	else
		err_set(err, ERR_USAGE, "'coffer %s' accepts at most %d argument%s", command->name, max,
			max == 1 ? "" : "s");
	return err_hint(err, "coffer %s --help", command->name);
}

static int set_cgroup_manager(const struct cli *cli, struct error *err)
{
	const char *from_environment = getenv("COFFER_CGROUP_MANAGER");
	const char *manager = cli->cgroup_manager ? cli->cgroup_manager : from_environment;
	return str_is_empty(manager) ? 0 : engine_set_cgroup_manager(cli->engine, manager, err);
}

static int set_storage_driver(const struct cli *cli, struct error *err)
{
	const char *from_environment = getenv("COFFER_STORAGE_DRIVER");
	const char *driver = cli->storage_driver ? cli->storage_driver : from_environment;
	return str_is_empty(driver) ? 0 : engine_set_storage_driver(cli->engine, driver, err);
}

static int open_engine(struct cli *cli, const struct command *command, struct error *err)
{
	if (!(command->flags & COMMAND_ENGINE))
		return 0;
	int r = choose_directories(cli, err);
	if (r >= 0)
		r = rootless_enter(err);
	if (r < 0)
		return r;
	r = engine_open(cli->root, cli->runroot, &cli->engine, err);
	if (r >= 0)
		r = set_cgroup_manager(cli, err);
	if (r >= 0)
		r = set_storage_driver(cli, err);
	if (r < 0 || !(command->flags & COMMAND_RECONCILE))
		return r;
	/* What cannot be cleaned up now does not stop the command; it will be tried again by the next. */
	struct error failure = { 0 };
	if (engine_reconcile(cli->engine, &failure) < 0)
		log_failure(LOG_LEVEL_WARN, "clean up what others have left undone", &failure);
	return 0;
}

/* @latest: the first argument is a place for the name of the newest container. */
static int run_on_arguments(struct cli *cli, const struct command *command, void *options, char **args, bool latest,
			    struct error *err)
{
	_cleanup_free_ char *name = NULL;
	int r = latest ? targets_latest(cli, args, &name, err) : 0;
	return r < 0 ? r : command->run(cli, options, args, err);
}

static int run_and_report(struct cli *cli, const struct command *command, void *options, char **args, bool latest)
{
	struct error err = { 0 };
	int status = run_on_arguments(cli, command, options, args, latest, &err);
	if (status >= 0 && report_flush(&err) < 0)
		status = -err.code;
	if (status >= 0)
		return status;
	status = command_exit_status(command, &err);
	report_error(&err, status);
	return status;
}

/* A place in front, for the name that --latest will find. */
static char **add_first(char **args)
{
	size_t count = strv_count(args);
	args = mem_realloc(args, count + 2, sizeof *args);
	memmove(args + 1, args, (count + 1) * sizeof *args);
	args[0] = (char *)"";
	return args;
}

/* Parse, prepare, run. Returns the exit status; an error is one of usage, or of preparation. */
static int run_with_options(struct cli *cli, const struct command *command, char **argv, void *options,
			    struct error *err)
{
	_cleanup_free_ char **args = NULL;
	enum options_flags flags = command->flags & COMMAND_STOP_AT_ARGUMENT ? OPTIONS_STOP_AT_ARGUMENT : 0;
	struct error why = { 0 };
	int prepared = command->prepare ? command->prepare(options, &why) : 0;
	int r = options_parse(command->options, flags, argv, options, &args, err);
	if (r > 0) {
		help_command(stdout, command);
		return 0;
	}
	if (r < 0)
		return r;
	if (prepared < 0) {
		*err = why;
		return prepared;
	}
	bool latest = (command->flags & COMMAND_LATEST) && *(const bool *)options;
	if (latest)
		args = add_first(args);
	r = check_count(command, args, err);
	if (r >= 0 && (command->flags & COMMAND_TARGETS))
		r = targets_check(command, options, args, err);
	if (r < 0)
		return r;
	r = open_engine(cli, command, err);
	return r < 0 ? r : run_and_report(cli, command, options, args, latest);
}

static int run_command(struct cli *cli, const struct command *command, char **argv, struct error *err)
{
	_cleanup_free_ void *options = command->defaults ? mem_dup(command->defaults, command->options_size)
							 : mem_alloc(command->options_size);
	int r = run_with_options(cli, command, argv, options, err);
	if (command->done)
		command->done(options);
	options_done(command->options, options);
	return r;
}

static bool asks_for_group_help(const char *word)
{
	return !word || streq(word, "--help") || streq(word, "-h");
}

static int dispatch(struct cli *cli, char **argv, struct error *err)
{
	_cleanup_free_ char **words = NULL;
	int r = options_parse(GLOBAL_TABLES, OPTIONS_STOP_AT_ARGUMENT, argv, cli, &words, err);
	if (r < 0)
		return r;
	if (cli->show_version)
		return puts("coffer version " VERSION) < 0;
	if (r > 0 || !words[0]) {
		help_overview(stdout);
		return 0;
	}
	r = set_log_level(cli, err);
	if (r < 0)
		return r;
	const struct command_group *group = command_group_find(words[0]);
	if (group && asks_for_group_help(words[1])) {
		help_group(stdout, group);
		return 0;
	}
	const struct command *command;
	size_t used;
	r = command_find(words, &command, &used, err);
	return r < 0 ? r : run_command(cli, command, words + used, err);
}

int cli_main(int argc, char **argv)
{
	_cleanup_cli_ struct cli cli = { 0 };
	struct error err = { 0 };
	(void)fd_fill_standard();
	umask(FILE_CREATION_MASK);
	int status = dispatch(&cli, argc > 0 ? argv + 1 : argv, &err);
	if (status >= 0 && report_flush(&err) < 0)
		status = -err.code;
	if (status >= 0)
		return status;
	report_error(&err, EXIT_COFFER);
	return EXIT_COFFER;
}
