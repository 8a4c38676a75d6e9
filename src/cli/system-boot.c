/* SPDX-License-Identifier: Apache-2.0 */
/* `system boot` and `system shutdown`: what a daemon does when the machine starts and stops, for a unit to call. */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cli/report.h"
#include "cli/stop-options.h"
#include "cli/targets.h"

static int start_one(struct cli *cli, const void *context, const char *id, struct error *err)
{
	_cleanup_record_ struct container_record *record = NULL;
	int none = -1;
	int r = engine_container_find(cli->engine, id, &record, err);
	if (r < 0)
		return r;
	r = engine_container_start(cli->engine, id, true, &none, err);
	if (r < 0)
		return err_wrap(err, "cannot start container \"%s\"", record->name);
	puts(record->name);
	return report_flush(err); /* a unit's log tells how far it has come */
}

static int boot(struct cli *cli, void *options, char **args, struct error *err)
{
	_cleanup_strv_ char **ids = NULL;
	int r = engine_containers_for_boot(cli->engine, &ids, err);
	return r < 0 || !ids ? r : report_each(cli, NULL, ids, start_one);
}

/* Not "stopped by hand": what the machine's end has ended, its next start starts. */
static int shut_down(struct cli *cli, void *data, char **args, struct error *err)
{
	static const struct targets all = { .all = true };
	static const struct stop_options options = { .purpose = STOP_WITH_MACHINE };
	_cleanup_strv_ char **names = NULL;
	int r = targets_resolve(cli, &all, args, TARGETS_ALIVE, &names, err);
	return r < 0 || !names ? r : stop_each(cli, &options, names);
}

const struct command command_system_boot = {
	.name = "system boot",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "",
	.summary = "Start the containers that are to run when the machine does",
	.description =
		"Finishes what the last run of the machine has left, and then starts, the oldest first, every container "
		"whose restart policy is *always*, and those with *unless-stopped* that nobody had stopped. One that "
		"cannot be started is reported, and the others are started nevertheless.\n\n"
		"The unit *coffer.service* runs it at boot: _systemctl enable coffer_.",
	.options = (const struct option *const[]){ NULL },
	.run = boot,
};

const struct command command_system_shutdown = {
	.name = "system shutdown",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "",
	.summary = "Stop all containers, to be started again by the next boot",
	.description =
		"Stops every container as *coffer-stop*(1) does, but remembers none as stopped by a person, so that "
		"*coffer-system-boot*(1) starts those with the policy *unless-stopped* again.",
	.options = (const struct option *const[]){ NULL },
	.run = shut_down,
};
