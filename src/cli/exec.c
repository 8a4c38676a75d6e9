/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/attach.h"
#include "cli/command.h"
#include "cli/env-file.h"
#include "cli/foreground.h"
#include "cli/targets.h"
#include "cli/terminal.h"

struct exec_options {
	bool latest;
	struct exec_request request;
	bool detach;
	char **env, **env_files;
	struct detach_keys detach_keys;
};

/* Files first, as with `run`. */
static int finish_env(struct exec_options *options, struct error *err)
{
	for (char **path = options->env_files; path && *path; path++)
		if (env_file_read(*path, &options->request.env, err) < 0)
			return err_wrap(err, "--env-file");
	for (char **variable = options->env; variable && *variable; variable++) {
		int r = env_check(*variable, err);
		if (r < 0)
			return r;
		strv_append(&options->request.env, *variable);
	}
	return 0;
}

static void take_console_size(struct exec_request *request)
{
	struct terminal_size size;
	if (!request->tty || !terminal_size(STDIN_FILENO, &size))
		return;
	request->console_rows = size.rows;
	request->console_columns = size.columns;
}

/* The program goes on without us, as whoever types these keys wants it to. */
static int leave(int connection, struct error *err)
{
	int r = packet_send(connection, PACKET_LEAVE, NULL, 0);
	return r < 0 ? err_sys(err, -r, "leave the program") : 0;
}

static int lost(const char *name, struct error *err)
{
	err_set(err, ERR_INTERNAL, "lost the program in container \"%s\": who watched over it died", name);
	return err_stage(err, STAGE_APP);
}

/* Signals are not passed on: those that end us end the program. */
static int run_attached(struct cli *cli, const struct exec_options *options, const char *name, struct error *err)
{
	_cleanup_attach_ struct attach *attach = NULL;
	_cleanup_close_ int connection = -1;
	const struct attach_options attach_options = {
		.input = options->request.open_stdin,
		.tty = options->request.tty,
		.detach_keys = options->detach_keys,
	};
	struct attach_result result;
	int r = attach_new(&attach_options, &attach, err);
	if (r >= 0)
		r = engine_container_exec(cli->engine, name, &options->request, &connection, err);
	if (r >= 0)
		r = attach_run(attach, connection, &result, err);
	if (r < 0)
		return r;
	switch (result.end) {
	case ATTACH_EXITED:
		return result.status.exit_code;
	case ATTACH_DETACHED:
		return leave(connection, err);
	case ATTACH_HUNG_UP:
		return FOREGROUND_SIGNALLED + SIGHUP;
	case ATTACH_UNREAD:
		return FOREGROUND_SIGNALLED + SIGPIPE;
	case ATTACH_LOST:
		break;
	}
	return lost(name, err);
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	struct exec_options *options = data;
	struct exec_request *request = &options->request;
	request->command = args + 1;
	int r = finish_env(options, err);
	if (r < 0)
		return r;
	if (options->detach)
		return engine_container_exec(cli->engine, args[0], request, NULL, err);
	r = foreground_check_terminal(request->tty, request->open_stdin, err);
	if (r < 0)
		return r;
	take_console_size(request);
	return run_attached(cli, options, args[0], err);
}

static void done(void *data)
{
	struct exec_options *options = data;
	strv_free(options->request.env);
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct exec_options, detach, 'd', "detach", "Do not wait for the program; its output is lost"),
	OPT_PARSED(struct exec_options, detach_keys, detach_keys_parse, 0, "detach-keys", "string",
		   "Keys that leave the program alone (default \"ctrl-p,ctrl-q\")"),
	OPT_LIST(struct exec_options, env, 'e', "env", "Set environment variables"),
	OPT_LIST(struct exec_options, env_files, 0, "env-file", "Read environment variables from a file",
		 .completes = COMPLETE_FILES),
	OPT_BOOL(struct exec_options, request.open_stdin, 'i', "interactive", "Pass standard input on"),
	OPT_LATEST(struct exec_options),
	OPT_BOOL(struct exec_options, request.privileged, 0, "privileged", "Give the program all capabilities"),
	OPT_BOOL(struct exec_options, request.tty, 't', "tty", "Give the program a terminal"),
	OPT_STRING(struct exec_options, request.user, 'u', "user", "string", "User name or id (NAME|UID[:GROUP|GID])"),
	OPT_STRING(struct exec_options, request.working_dir, 'w', "workdir", "string",
		   "Working directory inside the container"),
	OPT_END,
};

const struct command command_exec = {
	.name = "exec",
	.aliases = (const char *const[]){ "container exec", NULL },
	.flags = COMMAND_ENGINE | COMMAND_LATEST | COMMAND_ENTERS | COMMAND_STOP_AT_ARGUMENT | COMMAND_COMMON,
	.usage = "[OPTIONS] CONTAINER COMMAND [ARG...]",
	.summary = "Run another program in a running container",
	.description =
		"The program gets the container's namespaces, limits, capabilities and seccomp filter, its user and "
		"environment, and what the flags say. Its exit status becomes that of coffer.\n\n"
		"The program does not outlive coffer, unless *--detach* is given or the keys to detach are typed.",
	.examples =
		(const struct example[]){
			{ "exec -it web sh", "A shell in container web" },
			{ "exec -u 0 -e A=b web env", "As the superuser, with a variable" },
			{ 0 },
		},
	.min_args = 2,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct exec_options),
	.defaults = &(const struct exec_options){ .detach_keys = DETACH_KEYS_DEFAULT },
	.run = run,
	.done = done,
};
