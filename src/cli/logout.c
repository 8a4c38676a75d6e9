/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cli/command.h"

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	_cleanup_free_ char *registry = registry_of_server(args[0]);
	bool removed = false;
	int r = engine_logout(cli->engine, registry, &removed, err);
	if (r >= 0)
		printf(removed ? "Removing login credentials for %s\n" : "Not logged in to %s\n", registry);
	return r < 0 ? r : 0;
}

static const struct option OPTIONS[] = { OPT_END };

const struct command command_logout = {
	.name = "logout",
	.flags = COMMAND_ENGINE,
	.usage = "[SERVER]",
	.summary = "Log out of a registry",
	.description = "Forgets the credentials that *coffer login* or *docker login* keep for it.",
	.min_args = 0,
	.max_args = 1,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.run = run,
};
