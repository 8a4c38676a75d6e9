/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/report.h"
#include "cli/targets.h"

enum { SOME_FAILED = 1 };

struct wait_options {
	struct targets targets;
};

/* The end of none is missed while another one is waited for, not even that of one which is removed by it. */
static int wait_for_all(struct cli *cli, char *const *names)
{
	_cleanup_free_ struct container_wait **waits = mem_alloc((strv_count(names) + 1) * sizeof *waits);
	int status = 0, exit_code;
	for (size_t i = 0; names[i]; i++) {
		struct error err = { 0 };
		if (engine_wait_begin(cli->engine, names[i], &waits[i], &err) < 0) {
			report_error(&err, SOME_FAILED);
			status = SOME_FAILED;
		}
	}
	for (size_t i = 0; names[i]; i++) {
		struct error err = { 0 };
		if (!waits[i])
			continue;
		if (engine_wait_finish(waits[i], &exit_code, &err) < 0) {
			report_error(&err, SOME_FAILED);
			status = SOME_FAILED;
			continue;
		}
		printf("%d\n", exit_code);
		fflush(stdout);
	}
	return status;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct wait_options *options = data;
	_cleanup_strv_ char **names = NULL;
	int r = targets_resolve(cli, &options->targets, args, TARGETS_ANY, &names, err);
	return r < 0 || !names ? r : wait_for_all(cli, names);
}

static const struct option OPTIONS[] = {
	OPT_TARGETS_IGNORE(struct wait_options, 0),
	OPT_TARGETS_LATEST(struct wait_options, 'l'),
	OPT_END,
};

const struct command command_wait = {
	.name = "wait",
	.aliases = (const char *const[]){ "container wait", NULL },
	.flags = COMMAND_ENGINE | COMMAND_TARGETS | COMMAND_RECONCILE,
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Wait for the end of one or more containers, and print their exit codes",
	.description = "One that does not run has its last exit code printed at once.",
	.max_args = ARGS_ANY,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct wait_options),
	.run = run,
};
