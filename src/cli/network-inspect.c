/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "cli/command.h"
#include "cli/json-output.h"
#include "cli/report.h"
#include "engine/network.h"

static int append_one(struct cli *cli, const void *data, const char *name, struct error *err)
{
	struct json_object *object;
	int r = engine_network_inspect(cli->engine, name, &object, err);
	if (r >= 0)
		json_object_array_add((struct json_object *)data, object);
	return r;
}

static int run(struct cli *cli, void *options, char **args, struct error *err)
{
	_cleanup_json_ struct json_object *found = json_object_new_array();
	int status = report_each(cli, found, args, append_one);
	json_print_pretty(found);
	return status;
}

static const struct option OPTIONS[] = {
	OPT_REFUSED('f', "format", "it is not available yet"),
	OPT_END,
};

const struct command command_network_inspect = {
	.name = "network inspect",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "NETWORK [NETWORK...]",
	.summary = "Show all that is known of networks",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.run = run,
};
