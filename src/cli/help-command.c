/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "cli/command.h"
#include "cli/help.h"

/* "E-TTY": what stands in the last line of an error. */
static int help_error_code(const char *id, struct error *err)
{
	enum error_code code = err_code_from_id(id);
	if (code == ERR_NONE)
		return err_set(err, ERR_USAGE, "unknown error code: %s", id);
	const struct error_info *info = err_info(code);
	printf("%s: %s\n\nExit status of run, create, start:  %d\nStatus in the HTTP API:             %d\n", info->id,
	       info->summary, info->exit_status, info->http_status);
	return 0;
}

static int run(struct cli *cli, void *options, char **args, struct error *err)
{
	if (!args[0]) {
		help_overview(stdout);
		return 0;
	}
	if (str_starts_with(args[0], "E-"))
		return help_error_code(args[0], err);
	const struct command_group *group = command_group_find(args[0]);
	if (group && !args[1]) {
		help_group(stdout, group);
		return 0;
	}
	const struct command *command;
	size_t used;
	int r = command_find(args, &command, &used, err);
	if (r < 0)
		return r;
	help_command(stdout, command);
	return 0;
}

const struct command command_help = {
	.name = "help",
	.usage = "[COMMAND|ERROR-CODE]",
	.summary = "Explain a command or an error code",
	.description =
		"Errors of coffer end in a line such as [E-IMG-REF, exit 125]. That code stays the same for the same "
		"error, and *coffer help* explains it.",
	.examples =
		(const struct example[]){
			{ "help run", "The flags of a command" },
			{ "help E-IMG-REF", "What an error means" },
			{ 0 },
		},
	.max_args = 2,
	.completes = COMPLETE_COMMANDS,
	.run = run,
};
