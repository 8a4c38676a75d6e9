/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/limit-options.h"
#include "cli/report.h"

enum { SOME_FAILED = 1 };

struct update_options {
	struct container_spec changes; /* first: LIMIT_OPTIONS point into it */
	bool force;
};

static bool says_nothing(const struct container_spec *changes)
{
	static const struct container_spec nothing = { 0 };
	return memcmp(changes, &nothing, sizeof nothing) == 0;
}

static int update_one(struct cli *cli, const struct update_options *options, const char *name, struct error *err)
{
	int r = engine_container_update(cli->engine, name, &options->changes, options->force, err);
	if (r >= 0)
		puts(name);
	return r;
}

static int run(struct cli *cli, void *data, char **names, struct error *err)
{
	const struct update_options *options = data;
	int status = 0;
	if (says_nothing(&options->changes))
		return err_set(err, ERR_USAGE, "You must provide one or more flags when using this command.");
	for (; *names; names++) {
		struct error failure = { 0 };
		if (update_one(cli, options, *names, &failure) < 0) {
			report_error(&failure, SOME_FAILED);
			status = SOME_FAILED;
		}
	}
	return status;
}

static void done(void *data)
{
	struct update_options *options = data;
	container_spec_done(&options->changes);
	options->changes = (struct container_spec){ 0 };
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct update_options, force, 0, "force", "Even if it uses more memory now than the new limit allows"),
	OPT_END,
};

const struct command command_update = {
	.name = "update",
	.aliases = (const char *const[]){ "container update", NULL },
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Change the limits of one or more containers, and when they start again",
	.description =
		"Limits of a container that runs change at once, and are there when it is started the next time. What is "
		"not named stays. With a new limit of memory, that of memory and swap together is twice it, unless "
		"*--memory-swap* was given here or before.",
	.examples =
		(const struct example[]){
			{ "update -m 512m --cpus 2 web", "More memory, and two CPUs" },
			{ "update --restart unless-stopped web db", "To be started with the machine" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, LIMIT_OPTIONS, NULL },
	.options_size = sizeof(struct update_options),
	.run = run,
	.done = done,
};
