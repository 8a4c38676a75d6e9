/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"
#include "cli/command.h"
#include "engine/new-namespaces.h"
#include "runtime/program.h"
#include "runtime/user-namespace.h"

struct unshare_options {
	bool wanted[NAMESPACE_COUNT];
};

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

static bool any_wanted(const bool *wanted)
{
	for (int type = 0; type < NAMESPACE_COUNT; type++)
		if (wanted[type])
			return true;
	return false;
}

static int execute(const struct cli *cli, char **argv, struct error *err)
{
	_cleanup_free_ char *path = NULL;
	int r = program_find(argv[0], environ, &path, err);
	if (r >= 0)
		r = set_places(cli, err);
	if (r < 0)
		return r;
	(void)execv(path, argv);
	return program_explain(path, errno, err);
}

/* Its status is ours; what has kept it from running, it has said itself. */
static int wait_for(pid_t pid, struct error *err)
{
	int status;
	int r = process_wait(pid, &status, err);
	return r < 0 ? r : process_exit_code(status);
}

static int execute_in_new(const struct cli *cli, const bool *wanted, char **argv, struct error *err)
{
	int r = new_namespaces_enter(wanted, err);
	if (r < 0)
		return r;
	pid_t pid = new_namespaces_fork(wanted, err);
	if (pid > 0)
		return wait_for(pid, err);
	r = pid < 0 ? pid : new_namespaces_furnish(wanted, err);
	return r < 0 ? r : execute(cli, argv, err);
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct unshare_options *options = data;
	char *of_shell[] = { (char *)shell(), NULL }, **argv = args[0] ? args : of_shell;
	if (any_wanted(options->wanted))
		return execute_in_new(cli, options->wanted, argv, err);
	if (user_namespace_is_own())
		return execute(cli, argv, err);
	err_set(err, ERR_USAGE,
		"root's coffer has no user namespace of its own: name the namespaces that are to be new");
	return err_hint(err, "coffer unshare --net --pid --mount");
}

typedef struct unshare_options self; /* which the rows fill */

static const struct option OPTIONS[] = {
	OPT_BOOL(self, wanted[NAMESPACE_CGROUP], 'C', "cgroup",
		 "A new cgroup namespace: our control group is its root"),
	OPT_BOOL(self, wanted[NAMESPACE_IPC], 'i', "ipc", "A new IPC namespace: no message queues, no shared memory"),
	OPT_BOOL(self, wanted[NAMESPACE_MOUNT], 'm', "mount", "A new mount namespace: mounts of its own"),
	OPT_BOOL(self, wanted[NAMESPACE_NETWORK], 'n', "net",
		 "A new network namespace: the loopback interface, and no other"),
	OPT_BOOL(self, wanted[NAMESPACE_PID], 'p', "pid",
		 "A new PID namespace: the program is process 1; with --mount /proc shows it"),
	OPT_BOOL(self, wanted[NAMESPACE_TIME], 'T', "time", "A new time namespace"),
	OPT_BOOL(self, wanted[NAMESPACE_USER], 'U', "user",
		 "A new user namespace, in which the program is root and nobody else is there"),
	OPT_BOOL(self, wanted[NAMESPACE_UTS], 'u', "uts", "A new UTS namespace: a host name of its own"),
	OPT_END,
};

const struct command command_unshare = {
	.name = "unshare",
	.flags = COMMAND_ENGINE | COMMAND_STARTS | COMMAND_STOP_AT_ARGUMENT,
	.usage = "[OPTIONS] [COMMAND] [ARG...]",
	.summary = "Run a program in new namespaces, or in the user namespace that your containers are in",
	.description =
		"Without options, for who is not root: in the user namespace of your containers. There you are root, and the other "
		"ids are those that /etc/subuid gives you: what containers have made as one of them can be seen, changed and "
		"removed.\n\n"
		"With options, in new namespaces of these types, without an image and without anything else that makes a container: "
		"to see what each of them does. As with *unshare*(1), but that processes and clocks are new for the program itself, "
		"*/proc* is that of the new processes, mounts go neither way, and the loopback interface is up.\n\n"
		"Without COMMAND it is your shell. COFFER_ROOT and COFFER_RUNROOT are set, so that coffer works "
		"in there as it does outside.",
	.examples =
		(const struct example[]){
			{ "unshare ls -ln data", "Whose the files are, as containers see it" },
			{ "unshare chown -R 999:999 data", "Give a directory to a container's user 999" },
			{ "unshare cat /proc/self/uid_map", "Which ids you have" },
			{ "unshare --pid --mount ps -ef", "A program that sees no process but itself" },
			{ "unshare --net ip link", "What a new network namespace has" },
			{ 0 },
		},
	.min_args = 0,
	.max_args = ARGS_ANY,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct unshare_options),
	.run = run,
};
