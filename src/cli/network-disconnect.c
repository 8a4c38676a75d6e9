/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "engine/network.h"

struct disconnect_options {
	bool force;
};

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct disconnect_options *options = data;
	return engine_network_disconnect(cli->engine, args[1], args[0], options->force, err);
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct disconnect_options, force, 'f', "force", "Remove what is left, also of one that is not on it"),
	OPT_END,
};

const struct command command_network_disconnect = {
	.name = "network disconnect",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS] NETWORK CONTAINER",
	.summary = "Take a container off a network",
	.min_args = 2,
	.max_args = 2,
	.completes = COMPLETE_NETWORKS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct disconnect_options),
	.run = run,
};
