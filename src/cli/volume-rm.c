/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/command.h"
#include "cli/report.h"
#include "engine/volume.h"

struct rm_options {
	bool force;
};

static int remove_one(struct cli *cli, const void *data, const char *name, struct error *err)
{
	const struct rm_options *options = data;
	struct error why = { 0 };
	int r = engine_volume_remove(cli->engine, name, &why);
	if (r >= 0 || (r == -ERR_NO_VOLUME && options->force)) {
		puts(name);
		return 0;
	}
	if (err)
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

const struct command command_volume_rm = {
	.name = "volume rm",
	.aliases = (const char *const[]){ "volume remove", NULL },
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS] VOLUME [VOLUME...]",
	.summary = "Remove volumes",
	.description = "The files are removed with the volume. One that a container has, running or not, stays.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct rm_options),
	.run = run,
};
