/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/command.h"

struct load_options {
	char *input;
	bool quiet;
};

static void show_loaded(void *context, const char *name, const char *id)
{
	if (name)
		printf("Loaded image: %s\n", name);
	else
		printf("Loaded image ID: %s\n", id);
}

static int open_archive(const char *path, struct error *err)
{
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	return fd < 0 ? err_sys(err, errno, "open '%s'", path ? path : "standard input") : fd;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct load_options *options = data;
	const struct load_progress progress = { .loaded = show_loaded };
	_cleanup_close_ int fd = open_archive(options->input, err);
	if (fd < 0)
		return fd;
	if (isatty(fd))
		return err_set(err, ERR_USAGE, "requested load from stdin, but stdin is empty");
	return engine_load(cli->engine, fd, &progress, err);
}

static const struct option OPTIONS[] = {
	OPT_STRING(struct load_options, input, 'i', "input", "string",
		   "Read from a file or a directory, instead of standard input"),
	OPT_BOOL(struct load_options, quiet, 'q', "quiet", "No progress, which is not shown anyway"),
	OPT_REFUSED(0, "platform", "an image here is of one platform"),
	OPT_END,
};

const struct command command_load = {
	.name = "load",
	.aliases = (const char *const[]){ "image load", NULL },
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS]",
	.summary = "Load images from a tar archive",
	.description =
		"Reads what *coffer save* and *docker save* of any age write, and OCI image layouts in a tar archive, "
		"all of them plain or compressed with gzip or zstd, or unpacked to a directory. Every blob is checked against the digest that names "
		"it, every layer against its DiffID.\n\n"
		"An image that the archive gives no name, or only a tag, is loaded without one.",
	.examples =
		(const struct example[]){
			{ "load -i busybox.tar.gz", "From a file" },
			{ "load <busybox.tar", "From standard input" },
			{ 0 },
		},
	.min_args = 0,
	.max_args = 0,
	.completes = COMPLETE_FILES,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct load_options),
	.run = run,
};
