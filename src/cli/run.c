/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "cli/container-options.h"
#include "cli/foreground.h"
#include "cli/limit-options.h"
#include "cli/refused-options.h"
#include "cli/report.h"
#include "cli/service.h"
#include "cli/start-trace.h"
#include "cli/terminal.h"

struct run_options {
	struct container_options container; /* first: CONTAINER_OPTIONS point into it */
	bool detach, remove_image, trace;
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
	if (options->spec.cidfile)
		(void)unlink(options->spec.cidfile);
}

static int start_detached(struct cli *cli, const struct container_record *record, bool *ret_started, struct error *err)
{
	int connection = -1;
	int r = engine_container_start(cli->engine, record->id, true, &connection, err);
	*ret_started = r >= 0;
	start_trace_end();
	if (r < 0)
		return r;
	puts(record->id);
	return service_started(cli, record, err);
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

/* --rmi: as far as nobody else has it. The container's exit status is what counts. */
static void remove_image(struct cli *cli, const char *image)
{
	_cleanup_strv_ char **untagged = NULL, **deleted = NULL;
	struct error failure = { 0 };
	int r = engine_image_remove(cli->engine, image, false, &untagged, &deleted, &failure);
	if (r < 0 && r != -ERR_IMG_IN_USE && r != -ERR_IMG_NOT_FOUND)
		log_failure(LOG_LEVEL_WARN, "remove the container's image", &failure);
}

static int check(const struct run_options *options, struct error *err)
{
	if (options->detach && options->container.attach.chosen)
		return err_set(err, ERR_USAGE, "conflicting options: cannot specify both --attach and --detach");
	if (options->detach && options->remove_image)
		return err_set(err, ERR_USAGE,
			       "the --rmi and --detach options conflict: nobody would stay to remove it");
	return 0;
}

static struct foreground foreground_of(const struct run_options *options)
{
	const struct container_options *container = &options->container;
	const struct attach_streams *streams = &container->attach;
	return (struct foreground){
		.attach = {
			.input = container->spec.open_stdin && !passes_through(container) &&
				 (!streams->chosen || streams->in),
			.tty = container->spec.tty,
			.no_stdout = streams->chosen && !streams->out,
			.no_stderr = streams->chosen && !streams->err,
			.sig_proxy = options->sig_proxy,
			.detach_keys = options->detach_keys,
		},
		.quiet = container->quiet,
	};
}

/* Whoever does not see what it prints finds that by its id. */
static void print_id(const struct foreground *foreground)
{
	if (!foreground->attach.no_stdout || !foreground->attach.no_stderr)
		return;
	puts(foreground->container->id);
	(void)fflush(stdout);
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	struct run_options *options = data;
	struct container_options *container = &options->container;
	container->spec.auto_remove |= options->remove_image;
	int r = check(options, err);
	if (r >= 0)
		r = container_options_finish(container, args, err);
	struct foreground foreground = foreground_of(options);
	if (r >= 0 && !options->detach)
		r = foreground_check_terminal(foreground.attach.tty, foreground.attach.input, err);
	if (r < 0)
		return r;
	take_console_size(container);
	r = options->trace ? start_trace_begin(err) : 0;
	if (r < 0)
		return r;

	_cleanup_record_ struct container_record *record = NULL;
	r = container_options_create(cli, container, &record, err);
	if (r < 0) {
		start_trace_end();
		return r;
	}
	foreground.container = record;
	if (!options->detach)
		print_id(&foreground);
	bool started;
	r = options->detach ? start_detached(cli, record, &started, err)
			    : foreground_start(cli, &foreground, &started, err);
	if (r < 0 && !started)
		remove_unstarted(cli, container, record);
	if (options->remove_image)
		remove_image(cli, container->spec.image);
	return r;
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct run_options, detach, 'd', "detach", "Run in the background and print the container's ID"),
	OPT_PARSED(struct run_options, detach_keys, detach_keys_parse, 0, "detach-keys", "string",
		   "Keys that leave the container alone (default \"ctrl-p,ctrl-q\")"),
	OPT_BOOL(struct run_options, remove_image, 0, "rmi",
		 "Remove container and image at the end, unless others have the image"),
	OPT_BOOL(struct run_options, sig_proxy, 0, "sig-proxy", "Pass signals on to the process (default true)"),
	OPT_BOOL(struct run_options, trace, 0, "trace", "Print the steps of the start, and how long each has taken"),
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
		"With *--tty* the keys ctrl-p ctrl-q leave the container running and end coffer.\n\n"
		"With *--trace* the steps of the start are printed on standard error as soon as the program runs, or could not be "
		"run, in the order in which they came to their ends: those of coffer, of the container's monitor, and of the init "
		"process that becomes the program. The last two work at the same time as coffer, so TOOK is the time since the step "
		"before, whoever did that.",
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
	.options = (const struct option *const[]){ OPTIONS, CGROUP_OPTIONS, CONTAINER_OPTIONS, ENVIRONMENT_OPTIONS,
						   LIMIT_OPTIONS, REFUSED_OPTIONS, NULL },
	.options_size = sizeof(struct run_options),
	.prepare = container_options_prepare,
	.defaults = &(const struct run_options){ .container = CONTAINER_DEFAULTS,
						 .sig_proxy = true,
						 .detach_keys = DETACH_KEYS_DEFAULT },
	.run = run,
	.done = container_options_done,
};
