/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/report.h"
#include "cli/stop-options.h"
#include "cli/targets.h"

enum { SOME_FAILED = 1 };

struct stop_command_options {
	struct targets targets;
	struct stop_options stop;
};

static int finish_one(struct stop *stop, const char *name, struct error *err)
{
	struct stop_result result;
	int r = engine_stop_finish(stop, &result, err);
	if (r < 0)
		return r;
	stop_report(name, &result);
	puts(name);
	return fflush(stdout); /* the next one may take its time */
}

int stop_each(struct cli *cli, const struct stop_options *options, char *const *names)
{
	_cleanup_free_ struct stop **stops = mem_alloc((strv_count(names) + 1) * sizeof *stops);
	int status = 0;
	for (size_t i = 0; names[i]; i++) {
		struct error err = { 0 };
		if (engine_stop_begin(cli->engine, names[i], options, &stops[i], &err) < 0) {
			report_error(&err, SOME_FAILED);
			status = SOME_FAILED;
		}
	}
	for (size_t i = 0; names[i]; i++) {
		struct error err = { 0 };
		if (stops[i] && finish_one(stops[i], names[i], &err) < 0) {
			report_error(&err, SOME_FAILED);
			status = SOME_FAILED;
		}
	}
	return status;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct stop_command_options *options = data;
	_cleanup_strv_ char **names = NULL;
	int r = targets_resolve(cli, &options->targets, args, TARGETS_ALIVE, &names, err);
	return r < 0 || !names ? r : stop_each(cli, &options->stop, names);
}

static const struct option OPTIONS[] = {
	OPT_TARGETS_ALL(struct stop_command_options, 'a', "Stop all containers that run"),
	OPT_TARGETS_CIDFILE(struct stop_command_options),
	OPT_TARGETS_FILTER(struct stop_command_options, 'f'),
	OPT_TARGETS_IGNORE(struct stop_command_options, 'i'),
	OPT_TARGETS_LATEST(struct stop_command_options, 'l'),
	OPT_STOP(struct stop_command_options, stop),
	OPT_END,
};

const struct command command_stop = {
	.name = "stop",
	.aliases = (const char *const[]){ "container stop", NULL },
	.flags = COMMAND_ENGINE | COMMAND_TARGETS | COMMAND_RECONCILE | COMMAND_COMMON,
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Stop one or more running containers",
	.description =
		"Sends the container's stop signal to its first process, and SIGKILL to one that has not ended in time. "
		"What the container wrote stays; *coffer-start*(1) goes on with it.",
	.examples =
		(const struct example[]){
			{ "stop web db", "Ask both, then wait for both" },
			{ "stop -t 60 db", "With more patience" },
			{ 0 },
		},
	.max_args = ARGS_ANY,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct stop_command_options),
	.run = run,
};
