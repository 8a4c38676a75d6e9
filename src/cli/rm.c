/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/str.h"
#include "cli/report.h"
#include "cli/targets.h"

struct rm_options {
	struct targets targets;
	bool force, volumes;
};

static int remove_one(struct cli *cli, const void *data, const char *name, struct error *err)
{
	const struct rm_options *options = data;
	int r = engine_container_remove(cli->engine, name, options->force, options->volumes, err);
	if (r == -ERR_NO_CONTAINER && options->force) {
		/* As Docker: whoever forces it wants it gone, and it is. */
		report_notice("%s", err->message);
		return 0;
	}
	if (r >= 0)
		puts(name);
	return r;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct rm_options *options = data;
	_cleanup_strv_ char **names = NULL;
	int r = targets_resolve(cli, &options->targets, args, TARGETS_ANY, &names, err);
	return r < 0 || !names ? r : report_each(cli, options, names, remove_one);
}

static const struct option OPTIONS[] = {
	OPT_TARGETS_ALL(struct rm_options, 'a', "Remove all containers"),
	OPT_BOOL(struct rm_options, force, 'f', "force",
		 "Kill and remove a running one, too; one that is missing is fine"),
	OPT_BOOL(struct rm_options, volumes, 'v', "volumes", "Remove those of its volumes, too, that have no name"),
	OPT_TARGETS_CIDFILE(struct rm_options),
	OPT_TARGETS_FILTER(struct rm_options, 0),
	OPT_TARGETS_IGNORE(struct rm_options, 'i'),
	OPT_TARGETS_LATEST(struct rm_options, 0),
	OPT_REFUSED('l', "link", "containers are not linked with each other"),
	OPT_END,
};

const struct command command_rm = {
	.name = "rm",
	.aliases = (const char *const[]){ "container rm", "container remove", NULL },
	.flags = COMMAND_ENGINE | COMMAND_TARGETS | COMMAND_RECONCILE,
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Remove one or more containers",
	.description =
		"Removes what they wrote, their logs and their names. One that cannot be removed does not stop the "
		"others.",
	.max_args = ARGS_ANY,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct rm_options),
	.run = run,
};
