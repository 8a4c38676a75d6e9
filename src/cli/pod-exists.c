/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "engine/pod.h"

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	_cleanup_pod_ struct pod *pod = NULL;
	struct error why = { 0 };
	int r = engine_pod_find(cli->engine, args[0], &pod, &why);
	if (r == -ERR_NO_POD)
		return 1;
	if (r < 0 && err)
		*err = why;
	return r;
}

const struct command command_pod_exists = {
	.name = "pod exists",
	.flags = COMMAND_ENGINE,
	.usage = "POD",
	.summary = "Say by the exit status whether there is a pod",
	.description =
		"The exit status is 0 if there is one of this name or ID, 1 if there is none, and another one if that "
		"cannot be found out.",
	.examples =
		(const struct example[]){
			{ "pod exists web || coffer pod create web", "Make it once" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = 1,
	.completes = COMPLETE_PODS,
	.run = run,
};
