/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "cli/confirm.h"
#include "cli/prune.h"
#include "cli/report.h"
#include "engine/event.h"

struct prune_options {
	bool force;
	char **filters;
};

struct pruning {
	struct cli *cli;
	const struct network_match *match;
	char **removed;
	struct pruned *pruned;
};

/* One that cannot be removed does not stop the others; one that is in use stays. */
static void prune_one(struct pruning *pruning, const struct network_record *record)
{
	struct error err = { 0 };
	int r = network_is_builtin(record) ? 0 : network_matches(pruning->cli->engine, pruning->match, record, &err);
	if (r > 0)
		r = engine_network_remove(pruning->cli->engine, record->name, &err);
	else if (r == 0)
		return;
	if (r >= 0) {
		strv_append(&pruning->removed, record->name);
	} else if (r != -ERR_BUSY) {
		report_error(&err, 1);
		pruning->pruned->status = 1;
	}
}

int prune_networks(struct cli *cli, const struct network_match *match, struct pruned *pruned, struct error *err)
{
	struct pruning pruning = { .cli = cli, .match = match, .pruned = pruned };
	struct network_record **records;
	size_t count;
	int r = engine_network_list(cli->engine, &records, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		prune_one(&pruning, records[i]);
		network_record_free(records[i]);
	}
	free(records);
	if (pruning.removed)
		puts("Deleted Networks:");
	for (char **name = pruning.removed; name && *name; name++)
		puts(*name);
	event_prune(cli->engine, "network", 0);
	pruned->count = strv_count(pruning.removed);
	strv_free(pruning.removed);
	return 0;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct prune_options *options = data;
	_cleanup_network_match_ struct network_match match = { 0 };
	struct pruned pruned = { 0 };
	int r = network_match_parse(options->filters, &match, err);
	if (r >= 0)
		r = confirm("WARNING! This will remove all custom networks not used by at least one container.",
			    options->force, err);
	if (r >= 0)
		r = prune_networks(cli, &match, &pruned, err);
	return r < 0 ? r : pruned.status;
}

static const struct option OPTIONS[] = {
	OPT_LIST(struct prune_options, filters, 0, "filter",
		 "Remove those for which KEY=VALUE is true: label, until, and what network ls knows"),
	OPT_BOOL(struct prune_options, force, 'f', "force", "Do not ask"),
	OPT_END,
};

const struct command command_network_prune = {
	.name = "network prune",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS]",
	.summary = "Remove all networks that no running container uses",
	.examples =
		(const struct example[]){
			{ "network prune -f --filter until=24h", "Those that are older than a day" },
			{ 0 },
		},
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct prune_options),
	.run = run,
};
