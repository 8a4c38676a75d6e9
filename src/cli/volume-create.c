/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/str.h"
#include "cli/command.h"
#include "engine/volume.h"

struct create_options {
	char *driver, *name;
	char **driver_options, **labels;
};

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct create_options *options = data;
	_cleanup_volume_ struct volume *volume = NULL;
	if (args[0] && options->name)
		return err_set(err, ERR_USAGE,
			       "conflicting options: either specify --name or provide positional arg, "
			       "not both");
	const struct volume_request request = {
		.name = args[0] ? args[0] : options->name,
		.driver = options->driver,
		.options = options->driver_options,
		.labels = options->labels,
	};
	int r = engine_volume_create(cli->engine, &request, &volume, err);
	if (r >= 0)
		puts(volume->name);
	return r < 0 ? r : 0;
}

typedef struct create_options self;

static const struct option OPTIONS[] = {
	OPT_STRING(self, driver, 'd', "driver", "string", "Driver of the volume (\"local\")"),
	OPT_LIST(self, labels, 0, "label", "Set metadata on the volume"),
	OPT_STRING(self, name, 0, "name", "string", NULL),
	OPT_LIST(self, driver_options, 'o', "opt", "What it is: type=, device= and o=, as mount(8) has them"),
	OPT_REFUSED(0, "availability", "there is no swarm"),
	OPT_REFUSED(0, "group", "there is no swarm"),
	OPT_REFUSED(0, "limit-bytes", "there is no swarm"),
	OPT_REFUSED(0, "required-bytes", "there is no swarm"),
	OPT_REFUSED(0, "scope", "there is no swarm"),
	OPT_REFUSED(0, "secret", "there is no swarm"),
	OPT_REFUSED(0, "sharing", "there is no swarm"),
	OPT_REFUSED(0, "topology-preferred", "there is no swarm"),
	OPT_REFUSED(0, "topology-required", "there is no swarm"),
	OPT_REFUSED(0, "type", "there is no swarm"),
	OPT_END,
};

const struct command command_volume_create = {
	.name = "volume create",
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS] [VOLUME]",
	.summary = "Create a volume",
	.description =
		"Prints its name, which is one of 64 digits if none is given. Of a volume that is there already, this is all "
		"that happens."
		"\n\n"
		"Without options, its files are below coffer's root directory. With *type*, *device* and *o* they are a file "
		"system that is mounted while containers use the volume.",
	.examples =
		(const struct example[]){
			{ "volume create data", "One that is a directory" },
			{ "volume create -o type=tmpfs -o device=tmpfs -o o=size=64m,uid=1000 scratch",
			  "One in memory" },
			{ "volume create -o type=none -o device=/srv/data -o o=bind data",
			  "A directory that is there" },
			{ 0 },
		},
	.min_args = 0,
	.max_args = 1,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct create_options),
	.run = run,
};
