/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/print.h"
#include "cli/targets.h"

static int run(struct cli *cli, void *options, char **args, struct error *err)
{
	struct container_change *changes = NULL;
	size_t count = 0;
	_cleanup_str_ struct str text = { 0 };
	int r = engine_container_diff(cli->engine, args[0], &changes, &count, err);
	for (size_t i = 0; i < count; i++)
		str_appendf(&text, "%c %s\n", changes[i].kind, changes[i].path);
	container_changes_free(changes, count);
	print_text(str_text(&text));
	return r;
}

const struct command command_diff = {
	.name = "diff",
	.aliases = (const char *const[]){ "container diff", NULL },
	.flags = COMMAND_ENGINE | COMMAND_LATEST,
	.usage = "[OPTIONS] CONTAINER",
	.summary = "Show which files a container has added, changed and deleted",
	.description =
		"A line for each, compared with the image: A for added, C for changed, D for deleted. What is in volumes, bind "
		"mounts and on a tmpfs does not belong to the container's files.",
	.examples =
		(const struct example[]){
			{ "diff web", "What has become of its image" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = 1,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ LATEST_OPTIONS, NULL },
	.options_size = sizeof(struct latest_options),
	.run = run,
};
