/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/str.h"
#include "cli/report.h"
#include "cli/targets.h"

struct pause_options {
	struct targets targets;
};

static int pause_one(struct cli *cli, const void *options, const char *name, struct error *err)
{
	int r = engine_container_pause(cli->engine, name, err);
	if (r >= 0)
		puts(name);
	return r;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct pause_options *options = data;
	_cleanup_strv_ char **names = NULL;
	int r = targets_resolve(cli, &options->targets, args, TARGETS_RUNNING, &names, err);
	return r < 0 || !names ? r : report_each(cli, options, names, pause_one);
}

static const struct option OPTIONS[] = {
	OPT_TARGETS_ALL(struct pause_options, 'a', "Pause all containers that run"),
	OPT_TARGETS_LATEST(struct pause_options, 'l'),
	OPT_END,
};

const struct command command_pause = {
	.name = "pause",
	.aliases = (const char *const[]){ "container pause", NULL },
	.flags = COMMAND_ENGINE | COMMAND_TARGETS | COMMAND_RECONCILE,
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Pause all processes of one or more containers",
	.description = "The kernel's freezer stops them where they are; nobody is told. Until it is unpaused nothing can be run in it.",
	.max_args = ARGS_ANY,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct pause_options),
	.run = run,
};
