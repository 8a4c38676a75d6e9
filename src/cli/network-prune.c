/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/str.h"
#include "cli/command.h"
#include "engine/network.h"

struct prune_options {
	bool force;
};

static bool is_confirmed(void)
{
	fputs("WARNING! This will remove all custom networks not used by at least one container.\n"
	      "Are you sure you want to continue? [y/N] ",
	      stdout);
	fflush(stdout);
	int answer = getchar();
	return answer == 'y' || answer == 'Y';
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct prune_options *options = data;
	_cleanup_strv_ char **names = NULL;
	if (!options->force && !is_confirmed())
		return 0;
	int r = engine_network_prune(cli->engine, &names, err);
	if (names)
		puts("Deleted Networks:");
	for (char **name = names; name && *name; name++)
		puts(*name);
	return r < 0 ? r : 0;
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct prune_options, force, 'f', "force", "Do not ask"),
	OPT_REFUSED(0, "filter", "it is not available yet"),
	OPT_END,
};

const struct command command_network_prune = {
	.name = "network prune",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS]",
	.summary = "Remove all networks that no running container uses",
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct prune_options),
	.run = run,
};
