/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/format.h"
#include "cli/network-rows.h"
#include "cli/report.h"
#include "engine/network-match.h"

struct ls_options {
	bool quiet, no_trunc;
	char **filters;
	char *format;
};

struct list {
	const struct ls_options *options;
	const struct network_match *match;
	struct rows *rows;
};

static void print_id(const struct network_record *record, bool no_trunc)
{
	_cleanup_str_ struct str id = { 0 };
	format_container_id(&id, record->id, no_trunc);
	puts(str_text(&id));
}

static int show(struct cli *cli, const struct list *list, const struct network_record *record, struct error *err)
{
	int r = network_matches(cli->engine, list->match, record, err);
	if (r <= 0)
		return r;
	if (!list->options->quiet)
		return rows_add(list->rows, network_fields(record, list->options->no_trunc), record->labels, err);
	print_id(record, list->options->no_trunc);
	return 0;
}

static int show_all(struct cli *cli, const struct list *list, struct error *err)
{
	struct network_record **records;
	size_t count;
	int r = engine_network_list(cli->engine, &records, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		if (r >= 0)
			r = show(cli, list, records[i], err);
		network_record_free(records[i]);
	}
	free(records);
	return r;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	static const char *const columns[] = { "ID", "Name", "Driver", "Scope", NULL };
	const struct ls_options *options = data;
	_cleanup_network_match_ struct network_match match = { 0 };
	_cleanup_rows_ struct rows rows = { 0 };
	const struct list list = { options, &match, &rows };
	int r = rows_begin(&rows, &NETWORK_ROWS, options->quiet ? NULL : options->format, columns, err);
	if (r >= 0)
		r = network_match_parse(options->filters, &match, err);
	if (r >= 0 && options->quiet && options->format)
		report_notice("--format is ignored, because --quiet is given");
	if (r >= 0)
		r = show_all(cli, &list, err);
	if (r >= 0 && !options->quiet)
		rows_print(&rows);
	return r < 0 ? r : 0;
}

static const struct option OPTIONS[] = {
	OPT_LIST(struct ls_options, filters, 'f', "filter",
		 "Show those for which KEY=VALUE is true: dangling, driver, id, label, name, scope, type"),
	OPT_FORMAT(struct ls_options, format, 0),
	OPT_BOOL(struct ls_options, no_trunc, 0, "no-trunc", "Do not shorten anything"),
	OPT_BOOL(struct ls_options, quiet, 'q', "quiet", "Print IDs only"),
	OPT_END,
};

const struct command command_network_ls = {
	.name = "network ls",
	.aliases = (const char *const[]){ "network list", NULL },
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS]",
	.summary = "List networks",
	.description =
		"Filters: *dangling* is true for those that no container that runs is on, *driver* is bridge, host or "
		"null, *id* and *name* are parts of them, *label* is KEY or KEY=VALUE, *scope* is local, *type* custom or "
		"builtin."
		"\n\n"
		"Fields of templates: .CreatedAt .Driver .ID .IPv4 .IPv6 .Internal .Labels .Label \"KEY\" .Name .Scope.",
	.examples =
		(const struct example[]){
			{ "network ls -q -f type=custom", "The ids of those that people have made" },
			{ "network ls --format '{{.Name}}: {{.Label \"team\"}}'", "Names, and a label of theirs" },
			{ 0 },
		},
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct ls_options),
	.run = run,
};
