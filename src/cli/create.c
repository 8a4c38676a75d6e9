/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/container-options.h"
#include "cli/limit-options.h"
#include "cli/refused-options.h"

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	struct container_options *options = data;
	int r = container_options_finish(options, args, err);
	if (r < 0)
		return r;
	struct container_record *record;
	r = container_options_create(cli, options, &record, err);
	if (r < 0)
		return r;
	puts(record->id);
	container_record_free(record);
	return 0;
}

const struct command command_create = {
	.name = "create",
	.aliases = (const char *const[]){ "container create", NULL },
	.flags = COMMAND_ENGINE | COMMAND_STARTS | COMMAND_STOP_AT_ARGUMENT,
	.usage = "[OPTIONS] IMAGE [COMMAND] [ARG...]",
	.summary = "Create a new container, to be started later",
	.description = "As *coffer-run*(1), but the container is not started: its ID is printed.",
	.examples =
		(const struct example[]){
			{ "create --name job busybox sleep 60", "Make it now ..." },
			{ "start -a job", "... and run it later" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_IMAGES,
	.options = (const struct option *const[]){ CGROUP_OPTIONS, CONTAINER_OPTIONS, ENVIRONMENT_OPTIONS, LIMIT_OPTIONS,
						   REFUSED_OPTIONS, NULL },
	.options_size = sizeof(struct container_options),
	.prepare = container_options_prepare,
	.defaults = &(const struct container_options)CONTAINER_DEFAULTS,
	.run = run,
	.done = container_options_done,
};
