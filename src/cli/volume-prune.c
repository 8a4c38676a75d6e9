/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/str.h"
#include "cli/confirm.h"
#include "cli/prune.h"
#include "cli/report.h"
#include "engine/event.h"

struct prune_options {
	bool all, force;
	char **filters;
};

struct pruning {
	struct cli *cli;
	const struct volume_filter *filter;
	bool all;
	char **removed;
	struct pruned *pruned;
};

/* One that cannot be removed does not stop the others; one that a container has got meanwhile stays. */
static void prune_one(struct pruning *pruning, const struct volume *volume)
{
	struct error err = { 0 };
	int64_t size = 0;
	if (volume->links > 0 || (!pruning->all && !volume_is_anonymous(volume)) ||
	    !volume_filter_matches(pruning->filter, volume))
		return;
	(void)engine_volume_size(pruning->cli->engine, volume, &size, NULL);
	int r = engine_volume_remove(pruning->cli->engine, volume->name, &err);
	if (r >= 0) {
		strv_append(&pruning->removed, volume->name);
		pruning->pruned->bytes += size;
	} else if (r != -ERR_BUSY && r != -ERR_NO_VOLUME) {
		report_error(&err, 1);
		pruning->pruned->status = 1;
	}
}

static void report(const struct pruning *pruning)
{
	if (!pruning->removed)
		return;
	puts("Deleted Volumes:");
	for (char **name = pruning->removed; *name; name++)
		puts(*name);
	puts("");
}

int prune_volumes(struct cli *cli, const struct volume_filter *filter, bool all, struct pruned *pruned,
		  struct error *err)
{
	struct pruning pruning = { .cli = cli, .filter = filter, .all = all, .pruned = pruned };
	int64_t before = pruned->bytes;
	struct volume **volumes;
	size_t count;
	int r = engine_volume_list(cli->engine, &volumes, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		prune_one(&pruning, volumes[i]);
		volume_free(volumes[i]);
	}
	free(volumes);
	report(&pruning);
	event_prune(cli->engine, "volume", pruned->bytes - before);
	pruned->count = strv_count(pruning.removed);
	strv_free(pruning.removed);
	return 0;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct prune_options *options = data;
	_cleanup_volume_filter_ struct volume_filter filter = { 0 };
	struct pruned pruned = { 0 };
	int r = volume_filter_parse(options->filters, &filter, err);
	if (r < 0)
		return r;
	bool all = options->all || volume_filter_wants_all(&filter);
	r = confirm(all ? "WARNING! This will remove all local volumes not used by at least one container."
			: "WARNING! This will remove anonymous local volumes not used by at least one container.",
		    options->force, err);
	if (r >= 0)
		r = prune_volumes(cli, &filter, all, &pruned, err);
	return r < 0 ? r : prune_end(&pruned);
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct prune_options, all, 'a', "all", "Remove those that have names as well"),
	OPT_LIST(struct prune_options, filters, 0, "filter",
		 "Remove those for which KEY=VALUE is true: label, and what volume ls knows"),
	OPT_BOOL(struct prune_options, force, 'f', "force", "Do not ask"),
	OPT_END,
};

const struct command command_volume_prune = {
	.name = "volume prune",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS]",
	.summary = "Remove volumes that no container has",
	.description = "Those that nobody has given a name, or with *--all* the others, too.",
	.examples =
		(const struct example[]){
			{ "volume prune -af --filter label!=keep", "All but those with a label" },
			{ 0 },
		},
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct prune_options),
	.run = run,
};
