/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

static int run(struct cli *cli, void *options, char **args, struct error *err)
{
	return engine_container_rename(cli->engine, args[0], args[1], err);
}

const struct command command_rename = {
	.name = "rename",
	.aliases = (const char *const[]){ "container rename", NULL },
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "CONTAINER NEW_NAME",
	.summary = "Give a container another name",
	.min_args = 2,
	.max_args = 2,
	.completes = COMPLETE_CONTAINERS,
	.run = run,
};
