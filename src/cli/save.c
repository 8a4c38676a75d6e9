/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "cli/command.h"

struct save_options {
	char *output;
};

/* A file that is there and is none of disk (a device, a pipe) is written to; any other appears when it is complete. */
static bool is_special(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static int save_to_special(struct cli *cli, char **images, const char *path, struct error *err)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_sys(err, errno, "open '%s'", path);
	return engine_save(cli->engine, images, fd, err);
}

static int save_to_file(struct cli *cli, char **images, const char *path, struct error *err)
{
	char id[ID_HEX_LENGTH + 1];
	random_id(id);
	_cleanup_free_ char *temporary = mem_printf("%s.%.12s", path, id);
	_cleanup_close_ int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, errno, "make '%s'", temporary);
	int r = engine_save(cli->engine, images, fd, err);
	if (r >= 0 && rename(temporary, path) < 0)
		r = err_sys(err, errno, "rename '%s' to '%s'", temporary, path);
	if (r < 0)
		(void)unlink(temporary);
	return r;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct save_options *options = data;
	if (options->output)
		return is_special(options->output) ? save_to_special(cli, args, options->output, err)
						   : save_to_file(cli, args, options->output, err);
	if (isatty(STDOUT_FILENO))
		return err_set(err, ERR_USAGE, "cowardly refusing to save to a terminal. Use the -o flag or redirect");
	return engine_save(cli->engine, args, STDOUT_FILENO, err);
}

static const struct option OPTIONS[] = {
	OPT_STRING(struct save_options, output, 'o', "output", "string", "Write to a file, instead of standard output"),
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
			{ 0 },
		},
	.min_args = 1,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_IMAGES,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct save_options),
	.run = run,
};
