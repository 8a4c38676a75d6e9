/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/str.h"
#include "cli/report.h"
#include "cli/stop-options.h"
#include "cli/targets.h"
#include "engine/event.h"

struct restart_options {
	struct targets targets;
	struct stop_options stop;
};

static int restart_one(struct cli *cli, const void *data, const char *name, struct error *err)
{
	const struct restart_options *options = data;
	_cleanup_record_ struct container_record *record = NULL;
	struct stop_result result;
	struct stop_options stop_options = options->stop;
	struct stop *stop;
	int none = -1;
	stop_options.purpose = STOP_TO_RESTART;
	int r = engine_container_find(cli->engine, name, &record, err);
	if (r < 0 || (r = engine_stop_begin(cli->engine, record->id, &stop_options, &stop, err)) < 0 ||
	    (r = engine_stop_finish(stop, &result, err)) < 0)
		return r;
	stop_report(name, &result);
	r = engine_container_start(cli->engine, record->id, true, &none, err);
	if (r < 0)
		return err_wrap(err, "cannot restart container \"%s\"", name);
	event_container_named(cli->engine, record->id, "restart");
	puts(name);
	return 0;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct restart_options *options = data;
	_cleanup_strv_ char **names = NULL;
	int r = targets_resolve(cli, &options->targets, args, TARGETS_ANY, &names, err);
	return r < 0 || !names ? r : report_each(cli, options, names, restart_one);
}

static const struct option OPTIONS[] = {
	OPT_TARGETS_ALL(struct restart_options, 'a', "Restart all containers"),
	OPT_TARGETS_CIDFILE(struct restart_options),
	OPT_TARGETS_FILTER(struct restart_options, 'f'),
	OPT_TARGETS_LATEST(struct restart_options, 'l'),
	OPT_STOP(struct restart_options, stop),
	OPT_END,
};

const struct command command_restart = {
	.name = "restart",
	.aliases = (const char *const[]){ "container restart", NULL },
	.flags = COMMAND_ENGINE | COMMAND_TARGETS | COMMAND_RECONCILE,
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Restart one or more containers",
	.description = "Stops each that runs, as *coffer-stop*(1) does, and starts it again; one that does not run is started.",
	.max_args = ARGS_ANY,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct restart_options),
	.run = run,
};
