/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "cli/command.h"

struct commit_options {
	char **changes;
	char *author, *message;
	bool pause;
};

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct commit_options *options = data;
	_cleanup_free_ char *id = NULL;
	const struct commit_request request = {
		.container = args[0],
		.reference = args[1],
		.author = options->author,
		.message = options->message,
		.changes = options->changes,
		.pause = options->pause,
	};
	int r = engine_container_commit(cli->engine, &request, &id, err);
	if (r >= 0)
		puts(id);
	return r;
}

static const struct option OPTIONS[] = {
	OPT_STRING(struct commit_options, author, 'a', "author", "string",
		   "Who made it, such as \"Jane <jane@example.org>\""),
	OPT_LIST(struct commit_options, changes, 'c', "change", "Apply a Dockerfile instruction to the image"),
	OPT_STRING(struct commit_options, message, 'm', "message", "string", "A comment for the image's history"),
	OPT_BOOL(struct commit_options, pause, 'p', "pause", "Pause the container meanwhile (default true)"),
	OPT_END,
};

const struct command command_commit = {
	.name = "commit",
	.aliases = (const char *const[]){ "container commit", NULL },
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
	.summary = "Make an image of a container's changes",
	.description =
		"The image has the layers of the container's image, and one more with the files that the container has added, "
		"changed and deleted; what is in volumes, bind mounts and on a tmpfs is not in it. Its ID is printed.\n\n"
		"It is configured as the container is: command, environment, labels, user and so on. *--change* knows CMD, "
		"ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME and WORKDIR.\n\n"
		"One that runs is paused while its files are read, so that they fit each other; *--pause=false* lets it go on.",
	.examples =
		(const struct example[]){
			{ "commit web web:tuned", "With a name" },
			{ "commit -c 'CMD [\"/bin/server\"]' -m 'with certificates' web", "With another command" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = 2,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct commit_options),
	.defaults = &(const struct commit_options){ .pause = true },
	.run = run,
};
