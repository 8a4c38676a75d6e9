/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image-mount.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/report.h"
#include "cli/rows.h"

struct mount_options {
	char *format;
};

static const struct rows_kind MOUNT_ROWS = {
	.what = "mounted image",
	.fields =
		(const struct rows_field[]){
			{ "ID", "IMAGE ID" },
			{ "Image", "IMAGE" },
			{ "Path", "PATH" },
			{ 0 },
		},
};

static int mount_one(struct cli *cli, const void *data, const char *name, struct error *err)
{
	_cleanup_free_ char *path = NULL;
	int r = engine_image_mount(cli->engine, name, &path, err);
	if (r >= 0)
		puts(path);
	return r;
}

static struct json_object *fields_of(const struct image_mount *mount)
{
	struct json_object *fields = json_object_new_object();
	_cleanup_str_ struct str id = { 0 };
	format_image_id(&id, mount->id, false);
	json_add_string(fields, "ID", str_text(&id));
	json_add_string(fields, "Image", mount->name ? mount->name : "<none>");
	json_add_string(fields, "Path", mount->path);
	return fields;
}

static int list(struct cli *cli, const struct mount_options *options, struct error *err)
{
	static const char *const columns[] = { "ID", "Image", "Path", NULL };
	_cleanup_rows_ struct rows rows = { 0 };
	struct image_mount *mounts = NULL;
	size_t count = 0;
	int r = rows_begin(&rows, &MOUNT_ROWS, options->format, columns, err);
	if (r >= 0)
		r = engine_image_mounts(cli->engine, &mounts, &count, err);
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = rows_add(&rows, fields_of(&mounts[i]), NULL, err);
	if (r >= 0)
		rows_print(&rows);
	image_mounts_free(mounts, count);
	return r;
}

static int run(struct cli *cli, void *options, char **args, struct error *err)
{
	return args[0] ? report_each(cli, options, args, mount_one) : list(cli, options, err);
}

static const struct option OPTIONS[] = {
	OPT_FORMAT(struct mount_options, format, 0),
	OPT_END,
};

const struct command command_image_mount = {
	.name = "image mount",
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS] [IMAGE...]",
	.summary = "Mount images read-only, or list those that are mounted",
	.description =
		"Prints the directory in which the files of the image are, one a line; it stays mounted until *coffer image "
		"unmount*, or until the machine is shut down, and cannot be removed as long as it is.\n\n"
		"A user who is not root mounts images where his containers are, and sees them there: by *coffer unshare*.\n\n"
		"Without an image, all that are mounted are listed. Fields of templates: .ID .Image .Path.",
	.examples =
		(const struct example[]){
			{ "image mount busybox:1", "To look into an image without running it" },
			{ "unshare coffer image mount busybox:1", "The same without root; coffer unshare ls shows it" },
			{ 0 },
		},
	.min_args = 0,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_IMAGES,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct mount_options),
	.run = run,
};
