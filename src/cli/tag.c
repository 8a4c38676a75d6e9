/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

static int run(struct cli *cli, void *options, char **args, struct error *err)
{
	int r = engine_image_tag(cli->engine, args[0], args[1], err);
	return r < 0 ? r : 0;
}

const struct command command_tag = {
	.name = "tag",
	.aliases = (const char *const[]){ "image tag", NULL },
	.flags = COMMAND_ENGINE,
	.usage = "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
	.summary = "Give an image one more name",
	.min_args = 2,
	.max_args = 2,
	.completes = COMPLETE_IMAGES,
	.run = run,
};
