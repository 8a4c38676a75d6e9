/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "cli/container-options.h"
#include "cli/foreground.h"
#include "cli/limit-options.h"
#include "cli/report.h"
#include "cli/service.h"
#include "cli/terminal.h"

struct run_options {
	struct container_options container; /* first: CONTAINER_OPTIONS point into it */
	bool detach;
	bool sig_proxy;
	struct detach_keys detach_keys;
};

/* What could not be started leaves nothing behind; with --rm the engine has removed it. */
static void remove_unstarted(struct cli *cli, const struct container_options *options,
			     const struct container_record *record)
{
	struct error failure = { 0 };
	if (!options->spec.auto_remove && engine_container_remove(cli->engine, record->id, true, true, &failure) < 0)
		log_failure(LOG_LEVEL_WARN, "remove the container that could not be started", &failure);
	if (options->cidfile)
		(void)unlink(options->cidfile);
}

static int start_detached(struct cli *cli, const struct container_record *record, bool *ret_started, struct error *err)
{
	int connection = -1;
	int r = engine_container_start(cli->engine, record->id, true, &connection, err);
	*ret_started = r >= 0;
	if (r < 0)
		return r;
	puts(record->id);
	service_started(cli, record->id);
	return 0;
}

/* From its first line on, the container's terminal is as large as ours. */
static void take_console_size(struct container_options *container)
{
	struct terminal_size size;
	if (!container->spec.tty || !terminal_size(STDIN_FILENO, &size))
		return;
	container->spec.console_rows = size.rows;
	container->spec.console_columns = size.columns;
}

/* The container has our streams itself, then. */
static bool passes_through(const struct container_options *container)
{
	return streq_null(container->spec.log_driver, "passthrough");
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	struct run_options *options = data;
	struct container_options *container = &options->container;
	struct foreground foreground = {
		.attach = {
			.input = container->spec.open_stdin && !passes_through(container),
			.tty = container->spec.tty,
			.sig_proxy = options->sig_proxy,
			.detach_keys = options->detach_keys,
		},
		.quiet = container->quiet,
	};
	int r = container_options_finish(container, args, err);
	if (r >= 0 && !options->detach)
		r = foreground_check_terminal(foreground.attach.tty, foreground.attach.input, err);
	if (r < 0)
		return r;
	take_console_size(container);

	_cleanup_record_ struct container_record *record = NULL;
	r = container_options_create(cli, container, &record, err);
	if (r < 0)
		return r;
	foreground.container = record;
	bool started;
	r = options->detach ? start_detached(cli, record, &started, err)
			    : foreground_start(cli, &foreground, &started, err);
	if (r < 0 && !started)
		remove_unstarted(cli, container, record);
	return r;
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct run_options, detach, 'd', "detach", "Run in the background and print the container's ID"),
	OPT_PARSED(struct run_options, detach_keys, detach_keys_parse, 0, "detach-keys", "string",
		   "Keys that leave the container alone (default \"ctrl-p,ctrl-q\")"),
	OPT_BOOL(struct run_options, sig_proxy, 0, "sig-proxy", "Pass signals on to the process (default true)"),
	OPT_END,
};

const struct command command_run = {
	.name = "run",
	.aliases = (const char *const[]){ "container run", NULL },
	.flags = COMMAND_ENGINE | COMMAND_STARTS | COMMAND_STOP_AT_ARGUMENT | COMMAND_COMMON,
	.usage = "[OPTIONS] IMAGE [COMMAND] [ARG...]",
	.summary = "Create and run a new container from an image",
	.description =
		"Makes a container of the image, which is pulled first if it is not here, and runs COMMAND in it, or "
		"what the image says. Unless *--detach* is given, coffer stays with it: what it prints is printed, "
		"signals are passed on, with *--interactive* it reads standard input, and its exit status becomes that "
		"of coffer.\n\n"
		"With *--tty* the keys ctrl-p ctrl-q leave the container running and end coffer.",
	.examples =
		(const struct example[]){
			{ "run --rm -it busybox", "A shell that leaves nothing behind" },
			{ "run -d --name web -m 64m --cpus 0.5 -v ./site:/www:ro busybox httpd -f -h /www",
			  "In the background, with limits and a directory of the host" },
			{ "run --rm --read-only --cap-drop all -u 1000:1000 busybox id", "With next to no rights" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_IMAGES,
	.options = (const struct option *const[]){ OPTIONS, CGROUP_OPTIONS, CONTAINER_OPTIONS, LIMIT_OPTIONS, NULL },
	.options_size = sizeof(struct run_options),
	.defaults = &(const struct run_options){ .sig_proxy = true, .detach_keys = DETACH_KEYS_DEFAULT },
	.run = run,
	.done = container_options_done,
};
