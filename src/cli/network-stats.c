/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/rows.h"
#include "engine/network-counters.h"

struct stats_options {
	bool all;
	char *format;
};

static const struct rows_kind COUNTER_ROWS = {
	.what = "counter",
	.fields =
		(const struct rows_field[]){
			{ "Where", "WHERE" },
			{ "Counter", "COUNTER" },
			{ "Value", "VALUE" },
			{ "Limit", "LIMIT" },
			{ "Result", "RESULT" },
			{ "Source", "SOURCE" },
			{ 0 },
		},
};

static void add_number(struct json_object *fields, const char *key, uint64_t value)
{
	_cleanup_free_ char *text = mem_printf("%" PRIu64, value);
	json_add_string(fields, key, text);
}

static int add(struct rows *rows, const struct network_counter *counter, struct error *err)
{
	struct json_object *fields = json_object_new_object();
	json_add_string(fields, "Where", counter->where);
	json_add_string(fields, "Counter", counter->name);
	add_number(fields, "Value", counter->value);
	if (counter->limit)
		add_number(fields, "Limit", counter->limit);
	else
		json_add_string(fields, "Limit", "");
	json_add_string(fields, "Result", network_counter_is_noted(counter) ? "note" : "ok");
	json_add_string(fields, "Source", counter->source);
	return rows_add(rows, fields, NULL, err);
}

/* Losses of nothing are many, and tell nothing. */
static bool is_shown(const struct network_counter *counter, const struct stats_options *options)
{
	return options->all || counter->kind == COUNTER_AMOUNT || counter->value > 0;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	static const char *const columns[] = { "Where", "Counter", "Value", "Limit", "Result", "Source", NULL };
	const struct stats_options *options = data;
	_cleanup_rows_ struct rows rows = { 0 };
	_cleanup_network_counters_ struct network_counters counters = { 0 };
	int r = rows_begin(&rows, &COUNTER_ROWS, options->format, columns, err);
	if (r >= 0)
		r = engine_network_counters(cli->engine, args[0], &counters, err);
	for (size_t i = 0; r >= 0 && i < counters.count; i++)
		if (is_shown(&counters.list[i], options))
			r = add(&rows, &counters.list[i], err);
	if (r >= 0)
		rows_print(&rows);
	return r < 0 ? r : 0;
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct stats_options, all, 'a', "all", "Show also what was never lost"),
	OPT_FORMAT(struct stats_options, format, 0),
	OPT_END,
};

const struct command command_network_stats = {
	.name = "network stats",
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS] CONTAINER",
	.summary = "Show what was counted, and lost, on a container's ways",
	.description =
		"Each line is a counter, and where it was read: the container's interfaces, and the host's ends of them; its "
		"protocols (*ip*, *tcp*, *udp*), its *sockets*, and how many connections wait at each *listener*; the rules of the "
		"packet *filter* that drop; and *conntrack*, which all containers share. Counters begin with the namespace, those of "
		"the host with the machine or the rules.\n\n"
		"The result *note* says that something was lost, or that a limit is nearly reached; what was never lost is shown "
		"with *--all* only.\n\n"
		"Fields of templates: .Where .Counter .Value .Limit .Result .Source",
	.examples =
		(const struct example[]){
			{ "network stats web", "What has come and gone" },
			{ "network stats --format '{{if eq .Result \"note\"}}{{.Where}}: {{.Counter}} {{.Value}}{{end}}' web",
			  "What was lost" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = 1,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct stats_options),
	.run = run,
};
