/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "cli/command.h"
#include "cli/report.h"
#include "engine/image-mount.h"

struct unmount_options {
	bool all, force;
};

static int unmount_one(struct cli *cli, const void *data, const char *name, struct error *err)
{
	const struct unmount_options *options = data;
	int r = engine_image_unmount(cli->engine, name, options->force, err);
	if (r >= 0)
		puts(name);
	return r;
}

static int list_ids(struct cli *cli, char ***ret, struct error *err)
{
	struct image_mount *mounts = NULL;
	size_t count = 0;
	int r = engine_image_mounts(cli->engine, &mounts, &count, err);
	for (size_t i = 0; i < count; i++)
		strv_append(ret, mounts[i].id);
	image_mounts_free(mounts, count);
	return r;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct unmount_options *options = data;
	_cleanup_strv_ char **ids = NULL;
	if (options->all == (args[0] != NULL))
		return err_set(err, ERR_USAGE,
			       options->all ? "--all and images cannot be given together"
					    : "no image is named, and --all is not given");
	int r = options->all ? list_ids(cli, &ids, err) : 0;
	if (r < 0 || (options->all && !ids))
		return r;
	return report_each(cli, options, options->all ? ids : args, unmount_one);
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct unmount_options, all, 'a', "all", "All images that are mounted"),
	OPT_BOOL(struct unmount_options, force, 'f', "force", "Even if somebody uses the files, for whom they stay"),
	OPT_END,
};

const struct command command_image_unmount = {
	.name = "image unmount",
	.aliases = (const char *const[]){ "image umount", NULL },
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS] IMAGE [IMAGE...]",
	.summary = "Take away the mounts of images",
	.min_args = 0,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_IMAGES,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct unmount_options),
	.run = run,
};
