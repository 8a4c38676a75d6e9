/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/command.h"

struct import_options {
	char **changes;
	char *message;
	char *platform;
};

/* Returns an fd that the caller closes. */
static int open_archive(const char *path, struct error *err)
{
	if (streq(path, "-"))
		return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (str_starts_with(path, "http://") || str_starts_with(path, "https://")) {
		err_set(err, ERR_USAGE, "cannot import \"%s\": addresses are not fetched", path);
		return err_hint(err, "curl -fL %s | coffer import - NAME", path);
	}
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "open '%s'", path);
	return fd;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct import_options *options = data;
	_cleanup_close_ int fd = open_archive(args[0], err);
	if (fd < 0)
		return fd;
	if (isatty(fd))
		return err_set(err, ERR_USAGE, "cannot import from a terminal: standard input is to be a tar archive");
	struct pull_result result = { 0 };
	int r = engine_import(cli->engine, fd, args[1], options->message, options->changes, options->platform, &result,
			      err);
	if (r < 0)
		return r;
	puts(result.image_id);
	pull_result_done(&result);
	return 0;
}

static const struct option OPTIONS[] = {
	OPT_LIST(struct import_options, changes, 'c', "change", "Apply a Dockerfile instruction to the image"),
	OPT_STRING(struct import_options, message, 'm', "message", "string", "A comment for the image's history"),
	OPT_STRING(struct import_options, platform, 0, "platform", "string",
		   "Platform of the image, such as \"linux/arm64\""),
	OPT_END,
};

const struct command command_import = {
	.name = "import",
	.aliases = (const char *const[]){ "image import", NULL },
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS] FILE|- [REPOSITORY[:TAG]]",
	.summary = "Make an image of a tar archive of a root filesystem",
	.description =
		"The archive may be compressed with gzip or zstd; \"-\" is standard input. The image has one layer, and "
		"prints its ID.\n\n"
		"*--change* knows CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME "
		"and WORKDIR.",
	.examples =
		(const struct example[]){
			{ "import rootfs.tar base:1", "From a file" },
			{ "import -c 'CMD [\"/bin/sh\"]' - base:1 <rootfs.tar",
			  "From standard input, with a command to run" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = 2,
	.completes = COMPLETE_FILES,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct import_options),
	.run = run,
};
