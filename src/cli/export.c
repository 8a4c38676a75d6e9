/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/archive-output.h"
#include "cli/command.h"

struct export_options {
	char *output;
};

struct exported {
	struct engine *engine;
	const char *container;
};

static int write_container(void *context, int fd, struct error *err)
{
	const struct exported *exported = context;
	return engine_container_export(exported->engine, exported->container, fd, err);
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct export_options *options = data;
	struct exported exported = { .engine = cli->engine, .container = args[0] };
	return archive_output(options->output, write_container, &exported, err);
}

static const struct option OPTIONS[] = {
	OPT_STRING(struct export_options, output, 'o', "output", "string",
		   "Write to a file, instead of standard output", .completes = COMPLETE_FILES),
	OPT_END,
};

const struct command command_export = {
	.name = "export",
	.aliases = (const char *const[]){ "container export", NULL },
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS] CONTAINER",
	.summary = "Write the files of a container as a tar archive",
	.description =
		"All files that the container sees of its image and has written itself, whether it runs or not; what is in "
		"volumes, bind mounts and on a tmpfs is not among them. Extended attributes, hard links and devices are.\n\n"
		"*coffer import* makes an image of one layer of it.",
	.examples =
		(const struct example[]){
			{ "export -o web.tar web", "To a file" },
			{ "export web | coffer import - web:flat", "An image of a single layer" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = 1,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct export_options),
	.run = run,
};
