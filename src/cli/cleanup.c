/* SPDX-License-Identifier: Apache-2.0 */
/* What a monitor runs when its container has ended and no command waits for it (monitor_plan.cleanup). */
#include "cli/command.h"

static int run(struct cli *cli, void *options, char **args, struct error *err)
{
	int r = engine_container_finish(cli->engine, args[0], err);
	return r < 0 ? r : 0;
}

const struct command command_cleanup = {
	.name = "container cleanup",
	.flags = COMMAND_ENGINE | COMMAND_HIDDEN,
	.usage = "CONTAINER",
	.summary = "Record how a container ended",
	.min_args = 1,
	.max_args = 1,
	.completes = COMPLETE_CONTAINERS,
	.run = run,
};
