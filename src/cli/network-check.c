/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "cli/command.h"
#include "cli/network-steps.h"
#include "engine/network-check.h"

struct check_options {
	char *format;
};

/* One that has ended meanwhile has no network any more. */
static int check_one(struct cli *cli, const char *name, struct rows *rows, bool *sound, struct error *err)
{
	_cleanup_network_trace_ struct network_trace trace = { 0 };
	struct error why = { 0 };
	int r = engine_network_check(cli->engine, name, NULL, &trace, &why);
	if (r == -ERR_NO_CONTAINER || r == -ERR_STATE)
		return 0;
	if (r < 0 && err)
		*err = why;
	if (r < 0)
		return r;
	*sound &= trace.reachable;
	return network_steps_add(name, &trace, rows, err);
}

static int check_all(struct cli *cli, const struct check_options *options, struct error *err)
{
	_cleanup_rows_ struct rows rows = { 0 };
	_cleanup_strv_ char **names = NULL;
	bool sound = true;
	int r = network_steps_begin_all(&rows, options->format, err);
	if (r >= 0)
		r = engine_network_running(cli->engine, &names, err);
	for (char **name = names; r >= 0 && name && *name; name++)
		r = check_one(cli, *name, &rows, &sound, err);
	if (r < 0)
		return r;
	rows_print(&rows);
	return sound ? 0 : 1;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct check_options *options = data;
	_cleanup_rows_ struct rows rows = { 0 };
	_cleanup_network_trace_ struct network_trace trace = { 0 };
	if (!args[0])
		return check_all(cli, options, err);
	int r = network_steps_begin(&rows, options->format, err);
	if (r >= 0)
		r = engine_network_check(cli->engine, args[0], args[1], &trace, err);
	return r < 0 ? r : network_steps_show(&trace, &rows, err);
}

static const struct option OPTIONS[] = {
	OPT_FORMAT(struct check_options, format, 0),
	OPT_END,
};

const struct command command_network_check = {
	.name = "network check",
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS] [CONTAINER [TARGET[:PORT[/PROTOCOL]]]]",
	.summary = "Look whether the network of a container, or of all of them, is sound",
	.description =
		"What the host's side cannot see is asked from inside of the container's network namespace, whatever programs its "
		"image has. Each line is something that was looked at, and where: the *address* of each interface; the *route* that "
		"leads out; whether the *gateway* answers; whether each *name* server does; the least *mtu* on the way out; whether "
		"somebody listens behind each *published* port; whether the host sends on what is not for itself (*forwarding*); what was lost on the way (*loss*, of *coffer network stats*); and "
		"another program's packet *filter*. With TARGET, the steps of *coffer network trace --connect* to it follow.\n\n"
		"The result *stop* is what keeps the container from its network, *note* may be. The last line is the conclusion; the "
		"exit status is 0 if nothing is wrong, and 1 otherwise. Sent are a datagram to each gateway, and a question to each "
		"name server.\n\n"
		"Without CONTAINER, all that run and have a network of their own are looked at: a line for each that has its conclusion, "
		"behind those of what is not as it should be.\n\n"
		"Fields of templates: .Stage .Result .Found .Source; the last row is the conclusion. Of several containers there "
		"is .Container, too.",
	.examples =
		(const struct example[]){
			{ "network check", "Is anybody's network not as it should be" },
			{ "network check web", "Is its network as it should be" },
			{ "network check web db:5432", "And does it reach its database" },
			{ 0 },
		},
	.max_args = 2,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct check_options),
	.run = run,
};
