/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"
#include "cli/command.h"
#include "cli/container-rows.h"
#include "cli/format.h"
#include "cli/report.h"
#include "engine/container-filter.h"

enum { COLUMNS_MAX = 11 };

struct ps_options {
	bool all, latest, namespaces, no_trunc, pods, quiet, size;
	int64_t last; /* -1: not given */
	char **filters;
	char *format;
};

struct list {
	struct container_record **records;
	size_t count;
};

static void list_done(struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		container_record_free(list->records[i]);
	free(list->records);
}
#define _cleanup_list_ _cleanup_(list_done)

/* --- What to show --- */

static int compare_newest_first(const void *a, const void *b)
{
	const struct container_record *left = *(struct container_record *const *)a;
	const struct container_record *right = *(struct container_record *const *)b;
	return (left->created_at < right->created_at) - (left->created_at > right->created_at);
}

static void apply_filter(struct list *list, const struct container_filter *filter)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++) {
		if (container_filter_matches(filter, list->records[i]))
			list->records[kept++] = list->records[i];
		else
			container_record_free(list->records[i]);
	}
	list->count = kept;
}

static void apply_limit(struct list *list, size_t limit)
{
	while (list->count > limit)
		container_record_free(list->records[--list->count]);
}

static int collect(struct cli *cli, const struct ps_options *options, struct list *list, struct error *err)
{
	_cleanup_container_filter_ struct container_filter filter = { 0 };
	int64_t last = options->latest ? 1 : options->last;
	int r = container_filter_parse(cli->engine, options->filters, &filter, err);
	if (r < 0)
		return r;
	bool all = options->all || last > 0 || filter.shows_all;
	r = engine_container_list(cli->engine, all, &list->records, &list->count, err);
	if (r < 0)
		return r;
	if (list->count > 0)
		qsort(list->records, list->count, sizeof *list->records, compare_newest_first);
	apply_filter(list, &filter);
	if (last > 0)
		apply_limit(list, (size_t)last);
	return 0;
}

/* --- How to show it --- */

static const char *const NAMESPACE_COLUMNS[] = { "ID",	"Names", "Pid",	   "CGROUPNS", "IPC", "MNT",
						 "NET", "PIDNS", "USERNS", "UTS",      NULL };

static void show_quiet(const struct list *list, const struct ps_options *options)
{
	if (options->format)
		report_notice("--format is ignored, because --quiet is given");
	for (size_t i = 0; i < list->count; i++) {
		_cleanup_str_ struct str id = { 0 };
		format_container_id(&id, list->records[i]->id, options->no_trunc);
		puts(str_text(&id));
	}
}

static bool shows_namespaces(const struct rows *rows)
{
	for (size_t i = 0; NAMESPACE_COLUMNS[i]; i++)
		if (i > 1 && rows_show(rows, NAMESPACE_COLUMNS[i]))
			return true;
	return false;
}

static int add_row(struct cli *cli, struct rows *rows, const struct container_record *record, bool no_trunc,
		   int64_t now, struct error *err)
{
	_cleanup_str_ struct str size = { 0 };
	struct container_show show = { .no_trunc = no_trunc, .now = now };
	if (rows_show(rows, "Size")) {
		int r = format_container_size(cli->engine, record, &size, err);
		if (r < 0)
			return r;
		show.size = str_text(&size);
	}
	struct json_object *fields = container_fields(record, &show);
	if (shows_namespaces(rows))
		container_add_namespaces(record, fields);
	return rows_add(rows, fields, record->labels, err);
}

static int show_rows(struct cli *cli, struct rows *rows, const struct list *list, bool no_trunc, struct error *err)
{
	int64_t now = time_now_ns();
	int r = 0;
	for (size_t i = 0; r >= 0 && i < list->count; i++)
		r = add_row(cli, rows, list->records[i], no_trunc, now, err);
	if (r >= 0)
		rows_print(rows);
	return r;
}

static void choose_columns(const struct ps_options *options, const char *columns[static COLUMNS_MAX])
{
	static const char *const always[] = { "ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names" };
	size_t n = ARRAY_SIZE(always);
	memcpy(columns, always, sizeof always);
	if (options->pods) {
		columns[n++] = "Pod";
		columns[n++] = "PodName";
	}
	if (options->size)
		columns[n++] = "Size";
	columns[n] = NULL;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const char *columns[COLUMNS_MAX];
	const struct ps_options *options = data;
	_cleanup_list_ struct list list = { 0 };
	_cleanup_rows_ struct rows rows = { 0 };
	choose_columns(options, columns);
	int r = rows_begin(&rows, &CONTAINER_ROWS, options->quiet ? NULL : options->format,
			   options->namespaces ? NAMESPACE_COLUMNS : columns, err);
	if (r >= 0)
		r = collect(cli, options, &list, err);
	if (r < 0)
		return r;
	if (!options->quiet)
		return show_rows(cli, &rows, &list, options->no_trunc, err);
	show_quiet(&list, options);
	return 0;
}

/* --- Flags --- */

static int parse_last(const char *value, void *field, struct error *err)
{
	return parse_i64(value, -1, INT32_MAX, field, err);
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct ps_options, all, 'a', "all", "Show all containers (default shows just running)"),
	OPT_LIST(struct ps_options, filters, 'f', "filter",
		 "Show those for which KEY=VALUE is true: id, name, label, status, ancestor and more"),
	OPT_FORMAT(struct ps_options, format, 0),
	OPT_PARSED(struct ps_options, last, parse_last, 'n', "last", "int",
		   "Show the last n created containers, whatever their state (default -1)"),
	OPT_BOOL(struct ps_options, latest, 'l', "latest", "Show the last created container, whatever its state"),
	OPT_BOOL(struct ps_options, namespaces, 0, "ns", "Show the namespaces of their first processes, by number"),
	OPT_BOOL(struct ps_options, namespaces, 0, "namespace", NULL),
	OPT_BOOL(struct ps_options, no_trunc, 0, "no-trunc", "Do not shorten anything"),
	OPT_BOOL(struct ps_options, pods, 'p', "pod", "Show their pods, by ID and name"),
	OPT_BOOL(struct ps_options, quiet, 'q', "quiet", "Print IDs only"),
	OPT_BOOL(struct ps_options, size, 's', "size", "Show what their files take (their own, and with the image)"),
	OPT_END,
};

const struct command command_ps = {
	.name = "ps",
	.aliases = (const char *const[]){ "container ls", "container list", "container ps", NULL },
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE | COMMAND_COMMON,
	.usage = "[OPTIONS]",
	.summary = "List containers",
	.description =
		"Filters: *id* and *name* match a regular expression, *label* is KEY or KEY=VALUE, *status* is one of "
		"created, running, restarting, paused, exited, dead, *exited* is an exit code, *ancestor* an image or one that it is "
		"made of, *before* and *since* another container, *volume* a volume, or a path on either side, *network* "
		"a network's name, *pod* a pod, *publish* and *expose* a port, *health* one of starting, healthy, unhealthy, none, "
		"*restart-policy* one of no, on-failure, always, unless-stopped. Of several filters with one key any may "
		"be true, of labels and of different keys all have to."
		"\n\n"
		"Fields of templates: .ID .Image .Command .CreatedAt .RunningFor .Ports .State .Status .Size .Names "
		".Labels .Label \"KEY\" .Mounts .LocalVolumes .Networks .Pod .PodName, and of namespaces .Pid .CGROUPNS .IPC .MNT .NET "
		".PIDNS .TIME .USERNS .UTS.",
	.examples =
		(const struct example[]){
			{ "ps -a --filter exited=137", "Those that were killed" },
			{ "ps --format 'table {{.Names}}\\t{{.Label \"team\"}}'", "Columns of one's own" },
			{ "rm $(coffer ps -aq --filter status=exited)", "Remove all that have ended" },
			{ 0 },
		},
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct ps_options),
	.defaults = &(const struct ps_options){ .last = -1 },
	.run = run,
};
