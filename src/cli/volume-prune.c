/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/str.h"
#include "cli/command.h"
#include "cli/confirm.h"
#include "cli/format.h"
#include "cli/report.h"
#include "engine/volume-filter.h"

struct prune_options {
	bool all, force;
	char **filters;
};

struct pruning {
	struct cli *cli;
	const struct volume_filter *filter;
	bool all;
	char **removed;
	int64_t bytes;
	int status;
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
		pruning->bytes += size;
	} else if (r != -ERR_BUSY && r != -ERR_NO_VOLUME) {
		report_error(&err, 1);
		pruning->status = 1;
	}
}

static void report(const struct pruning *pruning)
{
	char size[SIZE_TEXT_MAX];
	if (pruning->removed)
		puts("Deleted Volumes:");
	for (char **name = pruning->removed; name && *name; name++)
		puts(*name);
	printf("%sTotal reclaimed space: %s\n", pruning->removed ? "\n" : "",
	       format_size((uint64_t)pruning->bytes, size));
}

static int prune(struct pruning *pruning, struct error *err)
{
	struct volume **volumes;
	size_t count;
	int r = engine_volume_list(pruning->cli->engine, &volumes, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		prune_one(pruning, volumes[i]);
		volume_free(volumes[i]);
	}
	free(volumes);
	report(pruning);
	strv_free(pruning->removed);
	return pruning->status;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct prune_options *options = data;
	_cleanup_volume_filter_ struct volume_filter filter = { 0 };
	int r = volume_filter_parse(options->filters, &filter, err);
	if (r < 0)
		return r;
	struct pruning pruning = { .cli = cli, .filter = &filter };
	pruning.all = options->all || volume_filter_wants_all(&filter);
	r = confirm(pruning.all
			    ? "WARNING! This will remove all local volumes not used by at least one container."
			    : "WARNING! This will remove anonymous local volumes not used by at least one container.",
		    options->force, err);
	return r < 0 ? r : prune(&pruning, err);
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
