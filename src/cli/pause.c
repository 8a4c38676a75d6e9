/* SPDX-License-Identifier: Apache-2.0 */
/* `pause`, and `unpause`, which ends what it has begun. */
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

static int unpause_one(struct cli *cli, const void *options, const char *name, struct error *err)
{
	int r = engine_container_unpause(cli->engine, name, err);
	if (r >= 0)
		puts(name);
	return r;
}

static int run_each(struct cli *cli, const struct pause_options *options, char **args, unsigned allowed,
		    int (*act)(struct cli *cli, const void *options, const char *name, struct error *err),
		    struct error *err)
{
	_cleanup_strv_ char **names = NULL;
	int r = targets_resolve(cli, &options->targets, args, allowed, &names, err);
	return r < 0 || !names ? r : report_each(cli, options, names, act);
}

static int run_pause(struct cli *cli, void *data, char **args, struct error *err)
{
	return run_each(cli, data, args, TARGETS_RUNNING, pause_one, err);
}

static int run_unpause(struct cli *cli, void *data, char **args, struct error *err)
{
	return run_each(cli, data, args, TARGETS_PAUSED, unpause_one, err);
}

static const struct option PAUSE_OPTIONS[] = {
	OPT_TARGETS_ALL(struct pause_options, 'a', "Pause all containers that run"),
	OPT_TARGETS_CIDFILE(struct pause_options),
	OPT_TARGETS_FILTER(struct pause_options, 'f'),
	OPT_TARGETS_LATEST(struct pause_options, 'l'),
	OPT_END,
};

static const struct option UNPAUSE_OPTIONS[] = {
	OPT_TARGETS_ALL(struct pause_options, 'a', "Unpause all that are paused"),
	OPT_TARGETS_CIDFILE(struct pause_options),
	OPT_TARGETS_FILTER(struct pause_options, 'f'),
	OPT_TARGETS_LATEST(struct pause_options, 'l'),
	OPT_END,
};

const struct command command_pause = {
	.name = "pause",
	.aliases = (const char *const[]){ "container pause", NULL },
	.flags = COMMAND_ENGINE | COMMAND_TARGETS | COMMAND_RECONCILE,
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Pause all processes of one or more containers",
	.description = "The kernel's freezer stops them where they are; nobody is told. Until it is unpaused nothing can be "
		       "run in it.",
	.max_args = ARGS_ANY,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ PAUSE_OPTIONS, NULL },
	.options_size = sizeof(struct pause_options),
	.run = run_pause,
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
	.options = (const struct option *const[]){ UNPAUSE_OPTIONS, NULL },
	.options_size = sizeof(struct pause_options),
	.run = run_unpause,
};
