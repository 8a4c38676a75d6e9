/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/archive-output.h"
#include "cli/command.h"

/* As Podman calls them; what is written as an archive is both of the first. */
enum form { FORM_DOCKER_ARCHIVE, FORM_OCI_ARCHIVE, FORM_OCI_DIR };

static const char *const FORMS[] = { "docker-archive", "oci-archive", "oci-dir", NULL };

struct save_options {
	char *output;
	int form;
};

struct saved {
	struct engine *engine;
	char **images;
};

static int write_images(void *context, int fd, struct error *err)
{
	const struct saved *saved = context;
	return engine_save(saved->engine, saved->images, fd, err);
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct save_options *options = data;
	struct saved saved = { .engine = cli->engine, .images = args };
	if (options->form == FORM_OCI_DIR && !options->output)
		return err_set(err, ERR_USAGE, "--format oci-dir needs the name of a directory: --output");
	if (options->form == FORM_OCI_DIR)
		return archive_output_directory(options->output, write_images, &saved, err);
	return archive_output(options->output, write_images, &saved, err);
}

static const struct option OPTIONS[] = {
	OPT_CHOICE(struct save_options, form, 0, "format", FORMS,
		   "\"docker-archive\" and \"oci-archive\", which are the same archive, or \"oci-dir\", a directory"),
	OPT_STRING(struct save_options, output, 'o', "output", "string", "Write to a file, instead of standard output"),
	OPT_REFUSED(0, "platform", "an image here is of one platform"),
	OPT_END,
};

const struct command command_save = {
	.name = "save",
	.aliases = (const char *const[]){ "image save", NULL },
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS] IMAGE [IMAGE...]",
	.summary = "Save images to a tar archive",
	.description =
		"The archive is an OCI image layout, and what *docker load* reads, at once. Layers stay compressed as "
		"they were pulled, so every digest stays what it was. Layers that several images share are in it once.\n\n"
		"An image that is named by its tag is saved with that name; by ID or digest, without one.",
	.examples =
		(const struct example[]){
			{ "save -o busybox.tar busybox:1.36", "To a file" },
			{ "save app db | ssh host coffer load", "To another machine" },
			{ "save --format oci-dir -o layout app", "As an OCI image layout on disk" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_IMAGES,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct save_options),
	.run = run,
};
