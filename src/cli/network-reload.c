/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

/* COMMAND_RECONCILE has done it by now. */
static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	return 0;
}

const struct command command_network_reload = {
	.name = "network reload",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "",
	.summary = "Make again what containers need of the packet filter",
	.description =
		"Bridges, rules and name servers that another program has removed from under containers that run are made "
		"again, for all of them. Each command that looks after containers does that as well; this one does nothing "
		"besides, for those who reload a firewall.",
	.examples =
		(const struct example[]){
			{ "network reload", "After `nft flush ruleset`, say" },
			{ 0 },
		},
	.run = run,
};
