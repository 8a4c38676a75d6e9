/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>

#include "base/parse.h"
#include "base/str.h"
#include "cli/report.h"
#include "cli/targets.h"

struct kill_options {
	struct targets targets;
	int sig;
};

static int parse_sig(const char *value, void *field, struct error *err)
{
	return parse_signal(value, field, err);
}

static int kill_one(struct cli *cli, const void *data, const char *name, struct error *err)
{
	const struct kill_options *options = data;
	int r = engine_container_kill(cli->engine, name, options->sig, err);
	if (r >= 0)
		puts(name);
	return r;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct kill_options *options = data;
	_cleanup_strv_ char **names = NULL;
	int r = targets_resolve(cli, &options->targets, args, TARGETS_ALIVE, &names, err);
	return r < 0 || !names ? r : report_each(cli, options, names, kill_one);
}

static const struct option OPTIONS[] = {
	OPT_TARGETS_ALL(struct kill_options, 'a', "Signal all containers that run"),
	OPT_TARGETS_CIDFILE(struct kill_options),
	OPT_TARGETS_LATEST(struct kill_options, 'l'),
	OPT_PARSED(struct kill_options, sig, parse_sig, 's', "signal", "string", "Signal to send (default \"KILL\")"),
	OPT_END,
};

const struct command command_kill = {
	.name = "kill",
	.aliases = (const char *const[]){ "container kill", NULL },
	.flags = COMMAND_ENGINE | COMMAND_TARGETS | COMMAND_RECONCILE,
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Send a signal to one or more running containers",
	.description = "The signal goes to the container's first process. SIGKILL ends all of them, and is waited for; "
		       "one that waits to be started again is not, then.",
	.max_args = ARGS_ANY,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct kill_options),
	.defaults = &(const struct kill_options){ .sig = SIGKILL },
	.run = run,
};
