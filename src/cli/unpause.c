/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/str.h"
#include "cli/report.h"
#include "cli/targets.h"

struct unpause_options {
	struct targets targets;
};

static int unpause_one(struct cli *cli, const void *options, const char *name, struct error *err)
{
	int r = engine_container_unpause(cli->engine, name, err);
	if (r >= 0)
		puts(name);
	return r;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct unpause_options *options = data;
	_cleanup_strv_ char **names = NULL;
	int r = targets_resolve(cli, &options->targets, args, TARGETS_PAUSED, &names, err);
	return r < 0 || !names ? r : report_each(cli, options, names, unpause_one);
}

static const struct option OPTIONS[] = {
	OPT_TARGETS_ALL(struct unpause_options, 'a', "Unpause all that are paused"),
	OPT_TARGETS_LATEST(struct unpause_options, 'l'),
	OPT_END,
};

const struct command command_unpause = {
	.name = "unpause",
	.aliases = (const char *const[]){ "container unpause", NULL },
	.flags = COMMAND_ENGINE | COMMAND_TARGETS | COMMAND_RECONCILE,
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Let one or more paused containers go on",
	.description = "Ends what *coffer-pause*(1) has begun.",
	.max_args = ARGS_ANY,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct unpause_options),
	.run = run,
};
