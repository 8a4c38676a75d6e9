/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "cli/command.h"
#include "cli/report.h"

struct rmi_options {
	bool force, no_prune;
};

static void print_each(const char *what, char *const *names)
{
	for (; names && *names; names++)
		printf("%s: %s\n", what, *names);
}

static int remove_one(struct cli *cli, const void *data, const char *name, struct error *err)
{
	const struct rmi_options *options = data;
	_cleanup_strv_ char **untagged = NULL;
	_cleanup_strv_ char **deleted = NULL;
	int r = engine_image_remove(cli->engine, name, options->force, &untagged, &deleted, err);
	if (r < 0)
		return r;
	print_each("Untagged", untagged);
	print_each("Deleted", deleted);
	return 0;
}

static int run(struct cli *cli, void *options, char **args, struct error *err)
{
	return report_each(cli, options, args, remove_one);
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct rmi_options, force, 'f', "force", "Remove it even if stopped containers use it"),
	OPT_BOOL(struct rmi_options, no_prune, 0, "no-prune", "As without it: there are no untagged parents to keep"),
	OPT_REFUSED(0, "platform", "an image here is of one platform"),
	OPT_END,
};

const struct command command_rmi = {
	.name = "rmi",
	.aliases = (const char *const[]){ "image rm", "image remove", NULL },
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS] IMAGE [IMAGE...]",
	.summary = "Remove one or more images",
	.description = "Removes a name, and with the last name the image and the layers that only it used.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_IMAGES,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct rmi_options),
	.run = run,
};
