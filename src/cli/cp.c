/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/format.h"

struct cp_options {
	bool archive, follow_link, quiet;
};

/* "CONTAINER:PATH", or a path of the host's; which one has "./" before it if it looks like the other. */
struct place {
	char *container; /* NULL: the host */
	const char *path;
};

static struct place parse_place(const char *text)
{
	const char *colon = strchr(text, ':');
	if (*text == '/' || *text == '.' || !colon)
		return (struct place){ .path = text };
	return (struct place){ .container = mem_strndup(text, (size_t)(colon - text)), .path = colon + 1 };
}

static int check(const struct place *from, const struct place *to, struct error *err)
{
	if (from->container && to->container)
		return err_set(err, ERR_USAGE, "copying between containers is not supported");
	if (!from->container && !to->container)
		return err_set(err, ERR_USAGE, "must specify at least one container source");
	const struct place *inside = from->container ? from : to, *outside = from->container ? to : from;
	if (!*inside->container)
		return err_set(err, ERR_USAGE, "container name cannot be empty");
	if (!*inside->path || !*outside->path)
		return err_set(err, ERR_USAGE, "path cannot be empty");
	if (streq(outside->path, "-") && isatty(outside == to ? STDOUT_FILENO : STDIN_FILENO))
		return err_set(err, ERR_USAGE,
			       outside == to ? "cannot write a tar archive to a terminal"
					     : "cannot read a tar archive from a terminal");
	return 0;
}

static void tell(const struct place *to, uint64_t bytes)
{
	char size[SIZE_TEXT_MAX];
	fprintf(stderr, "Successfully copied %s to %s%s%s\n", format_size(bytes, size),
		to->container ? to->container : "", to->container ? ":" : "", to->path);
}

static int copy(struct engine *engine, const struct cp_options *options, const struct place *from,
		const struct place *to, struct error *err)
{
	const struct place *inside = from->container ? from : to, *outside = from->container ? to : from;
	bool stream = streq(outside->path, "-");
	uint64_t bytes = 0;
	const struct container_copy request = {
		.container = inside->container,
		.path = inside->path,
		.host_path = stream ? NULL : outside->path,
		.stream = from->container ? STDOUT_FILENO : STDIN_FILENO,
		.archive = options->archive,
		.follow = options->follow_link,
	};
	int r = from->container ? engine_copy_out(engine, &request, &bytes, err)
				: engine_copy_in(engine, &request, &bytes, err);
	if (r >= 0 && !options->quiet && !(stream && from->container))
		tell(to, bytes);
	return r;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	struct place from = parse_place(args[0]), to = parse_place(args[1]);
	int r = check(&from, &to, err);
	if (r >= 0)
		r = copy(cli->engine, data, &from, &to, err);
	free(from.container);
	free(to.container);
	return r;
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct cp_options, archive, 'a', "archive", "Keep the owners of the files"),
	OPT_BOOL(struct cp_options, follow_link, 'L', "follow-link", "Copy what a symbolic link leads to"),
	OPT_BOOL(struct cp_options, quiet, 'q', "quiet", "Do not say what was copied"),
	OPT_END,
};

const struct command command_cp = {
	.name = "cp",
	.aliases = (const char *const[]){ "container cp", NULL },
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS] [CONTAINER:]SRC_PATH|- [CONTAINER:]DEST_PATH|-",
	.summary = "Copy files between a container and the host",
	.description =
		"A file or directory, with all that is in it, from one to the other, whether the container runs or not. Paths in "
		"a container begin at its root.\n\n"
		"Into a directory that is there, a copy goes under its own name; with *SRC_PATH/.* only what is in it goes. "
		"Otherwise the copy gets the name DEST_PATH, whose parent must be there; with a slash at its end, DEST_PATH "
		"has to be a directory.\n\n"
		"With *-* for the host's side, a tar archive is written to standard output, or read from standard input and "
		"unpacked in DEST_PATH; it may be compressed with gzip or zstd.\n\n"
		"Files belong to whoever copies them out, or to the container's root; with *--archive*, and out of an archive, "
		"to whom they belonged. What is copied out without *--archive* loses set-user-ID, set-group-ID and file "
		"capabilities, and devices are left out. Symbolic links are copied as links, but for SRC_PATH itself with "
		"*--follow-link*. A link in the container never leads out of it, not even one that is made while files are "
		"copied.",
	.examples =
		(const struct example[]){
			{ "cp web:/etc/nginx/nginx.conf .", "A file out of a container" },
			{ "cp site/. web:/srv/www", "What is in a directory into one" },
			{ "cp web:/var/log - | tar -tv", "A look at what would come" },
			{ 0 },
		},
	.min_args = 2,
	.max_args = 2,
	.completes = COMPLETE_FILES,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct cp_options),
	.run = run,
};
