/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cli/command.h"
#include "cli/report.h"
#include "cli/volume-rows.h"
#include "engine/volume-filter.h"

struct ls_options {
	bool quiet;
	char **filters;
	char *format;
};

struct list {
	struct volume **volumes;
	size_t count;
};

static void list_done(struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		volume_free(list->volumes[i]);
	free(list->volumes);
}
#define _cleanup_list_ _cleanup_(list_done)

static void apply_filter(struct list *list, const struct volume_filter *filter)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++) {
		if (volume_filter_matches(filter, list->volumes[i]))
			list->volumes[kept++] = list->volumes[i];
		else
			volume_free(list->volumes[i]);
	}
	list->count = kept;
}

static int show(const struct list *list, struct rows *rows, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < list->count; i++)
		r = rows_add(rows, volume_fields(list->volumes[i], NULL), list->volumes[i]->labels, err);
	if (r >= 0)
		rows_print(rows);
	return r;
}

static void show_quiet(const struct list *list, const struct ls_options *options)
{
	if (options->format)
		report_notice("--format is ignored, because --quiet is given");
	for (size_t i = 0; i < list->count; i++)
		puts(list->volumes[i]->name);
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	static const char *const columns[] = { "Driver", "Name", NULL };
	const struct ls_options *options = data;
	_cleanup_volume_filter_ struct volume_filter filter = { 0 };
	_cleanup_list_ struct list list = { 0 };
	_cleanup_rows_ struct rows rows = { 0 };
	int r = rows_begin(&rows, &VOLUME_ROWS, options->quiet ? NULL : options->format, columns, err);
	if (r >= 0)
		r = volume_filter_parse(options->filters, &filter, err);
	if (r >= 0)
		r = engine_volume_list(cli->engine, &list.volumes, &list.count, err);
	if (r < 0)
		return r;
	apply_filter(&list, &filter);
	if (!options->quiet)
		return show(&list, &rows, err);
	show_quiet(&list, options);
	return 0;
}

static const struct option OPTIONS[] = {
	OPT_LIST(struct ls_options, filters, 'f', "filter",
		 "Show those for which KEY=VALUE is true: dangling, driver, label, name"),
	OPT_FORMAT(struct ls_options, format, 0),
	OPT_BOOL(struct ls_options, quiet, 'q', "quiet", "Print names only"),
	OPT_REFUSED(0, "cluster", "there is no swarm"),
	OPT_END,
};

const struct command command_volume_ls = {
	.name = "volume ls",
	.aliases = (const char *const[]){ "volume list", NULL },
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS]",
	.summary = "List volumes",
	.description =
		"Filters: *dangling* is true for those that no container has, *driver* is \"local\", *label* is KEY or "
		"KEY=VALUE, *name* a regular expression."
		"\n\n"
		"Fields of templates: .Driver .Labels .Label \"KEY\" .Links .Mountpoint .Name .Scope .Size .Status.",
	.examples =
		(const struct example[]){
			{ "volume ls -f dangling=true", "Those that no container has" },
			{ 0 },
		},
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct ls_options),
	.run = run,
};
