/* SPDX-License-Identifier: Apache-2.0 */
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
	const struct container_filter *filter;
	char **removed;
	struct pruned *pruned;
};

/* The infra container of a pod goes with that. */
static bool may_go(const struct container_record *record)
{
	if (record->is_infra)
		return false;
	return record->state == STATE_CREATED || record->state == STATE_EXITED || record->state == STATE_DEAD;
}

/* One that cannot be removed does not stop the others. */
static void prune_one(struct pruning *pruning, const struct container_record *record)
{
	struct error err = { 0 };
	int64_t own = 0, whole;
	if (!may_go(record) || !container_filter_matches(pruning->filter, record))
		return;
	(void)engine_container_size(pruning->cli->engine, record, &own, &whole, NULL);
	if (engine_container_remove(pruning->cli->engine, record->id, false, false, &err) < 0) {
		report_error(&err, 1);
		pruning->pruned->status = 1;
		return;
	}
	strv_append(&pruning->removed, record->id);
	pruning->pruned->bytes += own;
}

static void report(const struct pruning *pruning)
{
	if (!pruning->removed)
		return;
	puts("Deleted Containers:");
	for (char **id = pruning->removed; *id; id++)
		puts(*id);
	puts("");
}

int prune_containers(struct cli *cli, const struct container_filter *filter, struct pruned *pruned, struct error *err)
{
	struct pruning pruning = { .cli = cli, .filter = filter, .pruned = pruned };
	int64_t before = pruned->bytes;
	struct container_record **records;
	size_t count;
	int r = engine_container_list(cli->engine, true, &records, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		prune_one(&pruning, records[i]);
		container_record_free(records[i]);
	}
	free(records);
	report(&pruning);
	event_prune(cli->engine, "container", pruned->bytes - before);
	pruned->count = strv_count(pruning.removed);
	strv_free(pruning.removed);
	return 0;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct prune_options *options = data;
	_cleanup_container_filter_ struct container_filter filter = { 0 };
	struct pruned pruned = { 0 };
	int r = container_filter_parse(cli->engine, options->filters, &filter, err);
	if (r >= 0)
		r = confirm("WARNING! This will remove all stopped containers.", options->force, err);
	if (r >= 0)
		r = prune_containers(cli, &filter, &pruned, err);
	return r < 0 ? r : prune_end(&pruned);
}

static const struct option OPTIONS[] = {
	OPT_LIST(struct prune_options, filters, 0, "filter",
		 "Remove those for which KEY=VALUE is true: until, label, and what ps knows"),
	OPT_BOOL(struct prune_options, force, 'f', "force", "Do not ask"),
	OPT_END,
};

const struct command command_container_prune = {
	.name = "container prune",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS]",
	.summary = "Remove all containers that do not run",
	.examples =
		(const struct example[]){
			{ "container prune -f --filter until=24h", "Those that are older than a day" },
			{ 0 },
		},
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct prune_options),
	.run = run,
};
