/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/command.h"
#include "cli/report.h"
#include "engine/network.h"

struct rm_options {
	bool force;
};

static int remove_one(struct cli *cli, const void *data, const char *name, struct error *err)
{
	const struct rm_options *options = data;
	struct error why = { 0 };
	int r = engine_network_remove(cli->engine, name, &why);
	if (r == -ERR_NET && options->force)
		return 0;
	if (r >= 0)
		puts(name);
	else if (err)
		*err = why;
	return r;
}

static int run(struct cli *cli, void *options, char **args, struct error *err)
{
	return report_each(cli, options, args, remove_one);
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct rm_options, force, 'f', "force", "Do not mind one that is not there"),
	OPT_END,
};

const struct command command_network_rm = {
	.name = "network rm",
	.aliases = (const char *const[]){ "network remove", NULL },
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS] NETWORK [NETWORK...]",
	.summary = "Remove networks",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct rm_options),
	.run = run,
};
