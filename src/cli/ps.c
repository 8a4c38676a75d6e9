/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/json.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"
#include "cli/command.h"
#include "cli/container-filter.h"
#include "cli/format.h"
#include "cli/json-output.h"
#include "cli/table.h"

enum { COMMAND_WIDTH = 20 };

/* "1700000000.5" as Docker's JSON has times. */
static const char CREATED_AT_FORMAT[] = "%Y-%m-%d %H:%M:%S %z %Z";

enum ps_format { PS_TABLE, PS_JSON };

struct ps_options {
	bool all, latest, no_trunc, quiet;
	int64_t last; /* -1: not given */
	char **filters;
	enum ps_format format;
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

/* In quotes, shortened before they are added. */
static void format_command(struct str *out, const struct container_record *record, bool whole)
{
	_cleanup_free_ char *words = strv_join(record->command, " ");
	_cleanup_str_ struct str shown = { 0 };
	format_ellipsis(&shown, words, whole ? SIZE_MAX : COMMAND_WIDTH);
	str_append_char(out, '"');
	for (const char *at = str_text(&shown); *at; at++) {
		if (*at == '"' || *at == '\\')
			str_append_char(out, '\\');
		str_append_char(out, *at);
	}
	str_append_char(out, '"');
}

static void show_quiet(const struct list *list, const struct ps_options *options)
{
	for (size_t i = 0; i < list->count; i++) {
		_cleanup_str_ struct str id = { 0 };
		format_container_id(&id, list->records[i]->id, options->no_trunc);
		puts(str_text(&id));
	}
}

static void add_row(struct table *table, const struct container_record *record, bool whole, int64_t now)
{
	_cleanup_str_ struct str id = { 0 }, command = { 0 }, created = { 0 }, status = { 0 };
	format_container_id(&id, record->id, whole);
	format_command(&command, record, whole);
	format_ago(&created, record->created_at, now);
	format_container_status(&status, record, now);
	table_add_row(table, (const char *const[]){ str_text(&id), record->image, str_text(&command),
						    str_text(&created), str_text(&status), "", record->name, NULL });
}

static void show_table(const struct list *list, const struct ps_options *options)
{
	_cleanup_table_ struct table table = { .columns = 7 };
	int64_t now = time_now_ns();
	table_add_row(&table, (const char *const[]){ "CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS",
						     "NAMES", NULL });
	for (size_t i = 0; i < list->count; i++)
		add_row(&table, list->records[i], options->no_trunc, now);
	table_print(&table, stdout);
}

static void add_text(struct json_object *object, const char *key, struct str *text)
{
	json_add_string(object, key, str_text(text));
	str_done(text);
	*text = (struct str){ 0 };
}

static void show_json(const struct container_record *record, const struct ps_options *options, int64_t now)
{
	_cleanup_json_ struct json_object *object = json_object_new_object();
	_cleanup_free_ char *labels = strv_join(record->labels, ",");
	struct str text = { 0 };
	char when[64];
	time_t seconds = record->created_at / NSEC_PER_SEC;
	struct tm tm;
	strftime(when, sizeof when, CREATED_AT_FORMAT, localtime_r(&seconds, &tm));

	format_command(&text, record, options->no_trunc);
	add_text(object, "Command", &text);
	json_add_string(object, "CreatedAt", when);
	format_container_id(&text, record->id, options->no_trunc);
	add_text(object, "ID", &text);
	json_add_string(object, "Image", record->image);
	json_add_string(object, "Labels", labels);
	json_add_string(object, "Names", record->name);
	json_add_string(object, "Ports", "");
	format_ago(&text, record->created_at, now);
	add_text(object, "RunningFor", &text);
	json_add_string(object, "State", container_state_name(record->state));
	format_container_status(&text, record, now);
	add_text(object, "Status", &text);
	json_print_line(object);
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct ps_options *options = data;
	_cleanup_list_ struct list list = { 0 };
	int r = collect(cli, options, &list, err);
	if (r < 0)
		return r;
	int64_t now = time_now_ns();
	if (options->quiet)
		show_quiet(&list, options);
	else if (options->format == PS_TABLE)
		show_table(&list, options);
	else
		for (size_t i = 0; i < list.count; i++)
			show_json(list.records[i], options, now);
	return 0;
}

/* --- Flags --- */

static int parse_last(const char *value, void *field, struct error *err)
{
	return parse_i64(value, -1, INT32_MAX, field, err);
}

static int parse_format(const char *value, void *field, struct error *err)
{
	if (streq(value, "table") || streq(value, "json")) {
		*(enum ps_format *)field = streq(value, "json") ? PS_JSON : PS_TABLE;
		return 0;
	}
	return err_set(err, ERR_UNSUPPORTED, "templates are not available yet: it is table or json");
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct ps_options, all, 'a', "all", "Show all containers (default shows just running)"),
	OPT_LIST(struct ps_options, filters, 'f', "filter",
		 "Show those for which KEY=VALUE is true: id, name, label, status, exited, ancestor"),
	OPT_PARSED(struct ps_options, format, parse_format, 0, "format", "string", "Print a \"table\" or \"json\"",
		   .choices = (const char *const[]){ "table", "json", NULL }),
	OPT_PARSED(struct ps_options, last, parse_last, 'n', "last", "int",
		   "Show the last n created containers, whatever their state (default -1)"),
	OPT_BOOL(struct ps_options, latest, 'l', "latest", "Show the last created container, whatever its state"),
	OPT_BOOL(struct ps_options, no_trunc, 0, "no-trunc", "Do not shorten anything"),
	OPT_BOOL(struct ps_options, quiet, 'q', "quiet", "Print IDs only"),
	OPT_REFUSED('s', "size", "it is not available yet"),
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
		"created, running, paused, exited, dead, *exited* is an exit code, *ancestor* the image. Of several "
		"filters with one key any may be true, of labels and of different keys all have to.",
	.examples =
		(const struct example[]){
			{ "ps -a --filter exited=137", "Those that were killed" },
			{ "rm $(coffer ps -aq --filter status=exited)", "Remove all that have ended" },
			{ 0 },
		},
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct ps_options),
	.defaults = &(const struct ps_options){ .last = -1 },
	.run = run,
};
