/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/str.h"
#include "cli/foreground.h"
#include "cli/report.h"
#include "cli/service.h"
#include "cli/targets.h"

struct start_options {
	struct targets targets;
	bool attach, interactive;
	bool sig_proxy;
	struct detach_keys detach_keys;
};

/* To one that runs already it is `attach`. */
static int start_in_foreground(struct cli *cli, const struct start_options *options, const char *name,
			       struct error *err)
{
	_cleanup_record_ struct container_record *record = NULL;
	bool started;
	int r = engine_container_find(cli->engine, name, &record, err);
	if (r < 0)
		return r;
	const struct foreground foreground = {
		.container = record,
		.attach = {
			.input = options->interactive && record->open_stdin,
			.tty = record->tty,
			.sig_proxy = options->sig_proxy,
			.detach_keys = options->detach_keys,
		},
	};
	r = foreground_check_terminal(foreground.attach.tty, foreground.attach.input, err);
	if (r < 0)
		return r;
	return record->state == STATE_RUNNING ? foreground_attach(cli, &foreground, err) :
						foreground_start(cli, &foreground, &started, err);
}

/* One that runs already is what was wanted. */
static int start_one(struct cli *cli, const void *options, const char *name, struct error *err)
{
	_cleanup_record_ struct container_record *record = NULL;
	int connection = -1;
	int r = engine_container_find(cli->engine, name, &record, err);
	if (r >= 0 && record->state != STATE_RUNNING)
		r = engine_container_start(cli->engine, record->id, true, &connection, err);
	if (r < 0)
		return r;
	puts(name);
	return service_started(cli, record, err);
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct start_options *options = data;
	_cleanup_strv_ char **names = NULL;
	int r = targets_resolve(cli, &options->targets, args, TARGETS_STARTABLE, &names, err);
	if (r < 0 || !names)
		return r;
	if (!options->attach && !options->interactive) {
		if (names[1])
			return report_each(cli, options, names, start_one);
		return start_one(cli, options, names[0], err);
	}
	if (names[1])
		return err_set(err, ERR_USAGE, "you cannot start and attach multiple containers at once");
	return start_in_foreground(cli, options, names[0], err);
}

static const struct option OPTIONS[] = {
	OPT_TARGETS_ALL(struct start_options, 0, "Start all containers that do not run"),
	OPT_BOOL(struct start_options, attach, 'a', "attach", "Stay with it: print its output, pass signals on"),
	OPT_PARSED(struct start_options, detach_keys, detach_keys_parse, 0, "detach-keys", "string",
		   "Keys that leave the container alone (default \"ctrl-p,ctrl-q\")"),
	OPT_BOOL(struct start_options, interactive, 'i', "interactive", "Pass standard input on, too"),
	OPT_TARGETS_FILTER(struct start_options, 'f'),
	OPT_TARGETS_LATEST(struct start_options, 'l'),
	OPT_BOOL(struct start_options, sig_proxy, 0, "sig-proxy", "Pass signals on to the process (default true)"),

	OPT_REFUSED(0, "checkpoint", "containers are not restored; coffer-runtime can do that"),
	OPT_REFUSED(0, "checkpoint-dir", "containers are not restored; coffer-runtime can do that"),
	OPT_END,
};

const struct command command_start = {
	.name = "start",
	.aliases = (const char *const[]){ "container start", NULL },
	.flags = COMMAND_ENGINE | COMMAND_TARGETS | COMMAND_RECONCILE,
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Start one or more containers that do not run",
	.description = "One that runs already is left alone; with *--attach* it is as with *coffer-attach*(1).\n\n"
		       "With *--attach* the exit status is that of the container's program.",
	.max_args = ARGS_ANY,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct start_options),
	.defaults = &(const struct start_options){ .sig_proxy = true, .detach_keys = DETACH_KEYS_DEFAULT },
	.run = run,
};
