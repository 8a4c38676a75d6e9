/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "cli/command.h"
#include "engine/network.h"

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	_cleanup_json_ struct json_object *document = NULL;
	struct error why = { 0 };
	int r = engine_network_inspect(cli->engine, args[0], &document, &why);
	if (r == -ERR_NET)
		return 1;
	if (r < 0 && err)
		*err = why;
	return r;
}

const struct command command_network_exists = {
	.name = "network exists",
	.flags = COMMAND_ENGINE,
	.usage = "NETWORK",
	.summary = "Say by the exit status whether there is a network",
	.description =
		"The exit status is 0 if there is one of this name or ID, 1 if there is none, and another one if that "
		"cannot be found out.",
	.examples =
		(const struct example[]){
			{ "network exists front || coffer network create front", "Make it once" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = 1,
	.completes = COMPLETE_NETWORKS,
	.run = run,
};
