/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/command.h"
#include "engine/secret.h"

struct create_options {
	bool env, replace;
	char *driver;
	char **labels;
};

static int read_variable(const char *name, char **ret, size_t *ret_len, struct error *err)
{
	const char *value = getenv(name);
	if (!value)
		return err_set(err, ERR_NOT_FOUND, "no such variable in the environment: %s", name);
	*ret = mem_strdup(value);
	*ret_len = strlen(value);
	return 0;
}

static int read_source(const struct create_options *options, const char *source, char **ret, size_t *ret_len,
		       struct error *err)
{
	if (options->env)
		return read_variable(source, ret, ret_len, err);
	if (streq(source, "-"))
		return fd_read_text(STDIN_FILENO, SECRET_SIZE_MAX, "standard input", ret, ret_len, err);
	_cleanup_close_ int fd = open(source, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "open '%s'", source)
		      : fd_read_text(fd, SECRET_SIZE_MAX, source, ret, ret_len, err);
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct create_options *options = data;
	_cleanup_secret_ struct secret *secret = NULL;
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	if (!str_is_empty(options->driver) && !streq(options->driver, SECRET_DRIVER))
		return err_set(err, ERR_UNSUPPORTED,
			       "there is no driver \"%s\" of secrets: \"" SECRET_DRIVER "\" is the only one",
			       options->driver);
	int r = read_source(options, args[1], &text, &len, err);
	if (r < 0)
		return r;
	const struct secret_data request = {
		.name = args[0],
		.labels = options->labels,
		.data = text,
		.len = len,
		.replace = options->replace,
	};
	r = engine_secret_create(cli->engine, &request, &secret, err);
	explicit_bzero(text, len);
	if (r < 0)
		return r;
	puts(secret->id);
	return 0;
}

typedef struct create_options self;

static const struct option OPTIONS[] = {
	OPT_STRING(self, driver, 'd', "driver", "string", "Where it is kept (\"file\")"),
	OPT_BOOL(self, env, 0, "env", "The second argument names a variable of the environment"),
	OPT_LIST(self, labels, 'l', "label", "Set metadata on the secret"),
	OPT_BOOL(self, replace, 0, "replace", "Replace one that has the name already"),
	OPT_REFUSED(0, "driver-opts", "the driver \"file\" has no options"),
	OPT_REFUSED(0, "template-driver", "there is no swarm"),
	OPT_END,
};

const struct command command_secret_create = {
	.name = "secret create",
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS] SECRET FILE|-",
	.summary = "Keep a secret that containers can be given",
	.description =
		"Prints its id. The data, less than 512000 bytes, comes from a file, or with \"-\" from standard input, and "
		"is kept below coffer's root directory, in a file that only its owner can read; it is not encrypted. "
		"Containers get it by *--secret* of *coffer-run*(1), each time they start: as a file that all of their users can "
		"read (mode 0444), as in Docker and Podman, unless it is given to one of them, _--secret "
		"db-password,uid=1000,mode=0400_.",
	.examples =
		(const struct example[]){
			{ "secret create db-password password.txt", "From a file" },
			{ "secret create --env token TOKEN", "From the variable TOKEN" },
			{ "run --secret db-password IMAGE", "The container reads /run/secrets/db-password" },
			{ 0 },
		},
	.min_args = 2,
	.max_args = 2,
	.completes = COMPLETE_FILES,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct create_options),
	.run = run,
};
