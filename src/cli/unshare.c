/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/command.h"
#include "runtime/program.h"
#include "runtime/user-namespace.h"

/* What coffer is told by its command line, a coffer in there is told by these. */
static int set_places(const struct cli *cli, struct error *err)
{
	if (setenv("COFFER_ROOT", cli->root, 1) < 0 || setenv("COFFER_RUNROOT", cli->runroot, 1) < 0)
		return err_sys(err, errno, "set the environment of the program");
	return 0;
}

static const char *shell(void)
{
	const char *named = getenv("SHELL");
	return str_is_empty(named) ? "/bin/sh" : named;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	char *of_shell[] = { (char *)shell(), NULL }, **argv = args[0] ? args : of_shell;
	_cleanup_free_ char *path = NULL;
	if (!user_namespace_is_own())
		return err_set(err, ERR_USAGE,
			       "unshare is for users who are not root: root's coffer has no user namespace");
	int r = program_find(argv[0], environ, &path, err);
	if (r >= 0)
		r = set_places(cli, err);
	if (r < 0)
		return r;
	(void)execv(path, argv);
	return program_explain(path, errno, err);
}

const struct command command_unshare = {
	.name = "unshare",
	.flags = COMMAND_ENGINE | COMMAND_STARTS | COMMAND_STOP_AT_ARGUMENT,
	.usage = "[COMMAND] [ARG...]",
	.summary = "Run a program in the user namespace that your containers are in",
	.description =
		"There you are root, and the other ids are those that /etc/subuid gives you: what containers have "
		"made as one of them can be seen, changed and removed.\n\n"
		"Without COMMAND it is your shell. COFFER_ROOT and COFFER_RUNROOT are set, so that coffer works "
		"in there as it does outside.",
	.examples =
		(const struct example[]){
			{ "unshare ls -ln data", "Whose the files are, as containers see it" },
			{ "unshare chown -R 999:999 data", "Give a directory to a container's user 999" },
			{ "unshare cat /proc/self/uid_map", "Which ids you have" },
			{ 0 },
		},
	.min_args = 0,
	.max_args = ARGS_ANY,
	.options = (const struct option *const[]){ NULL },
	.run = run,
};
