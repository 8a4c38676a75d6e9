/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/stats.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/rows.h"

struct stats_options {
	bool all, no_stream, no_trunc;
	char *format;
};

static const struct rows_kind STATS_ROWS = {
	.what = "container's statistics",
	.fields =
		(const struct rows_field[]){
			{ "Container", "CONTAINER" },
			{ "ID", "CONTAINER ID" },
			{ "Name", "NAME" },
			{ "CPUPerc", "CPU %" },
			{ "MemUsage", "MEM USAGE / LIMIT" },
			{ "MemPerc", "MEM %" },
			{ "NetIO", "NET I/O" },
			{ "BlockIO", "BLOCK I/O" },
			{ "PIDs", "PIDS" },
			{ 0 },
		},
};

/* --- Looking --- */

/* A container, when it was looked at. */
struct look {
	struct container_record *record;
	const char *asked; /* how it was named, or NULL */
	bool known;
	struct container_stats stats;
};

struct looks {
	struct look *list;
	size_t count;
};

static void looks_done(struct looks *looks)
{
	for (size_t i = 0; i < looks->count; i++)
		container_record_free(looks->list[i].record);
	free(looks->list);
	*looks = (struct looks){ 0 };
}
#define _cleanup_looks_ _cleanup_(looks_done)

static void add_look(struct cli *cli, struct looks *looks, struct container_record *record, const char *asked)
{
	struct look *look = ARRAY_APPEND(looks->list, looks->count);
	look->record = record;
	look->asked = asked;
	look->known = container_stats_read(cli->engine, record, &look->stats) > 0;
}

static int look_at_all(struct cli *cli, bool all, struct looks *looks, struct error *err)
{
	struct container_record **records;
	size_t count;
	int r = engine_container_list(cli->engine, all, &records, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		add_look(cli, looks, records[i], NULL);
	free(records);
	return 0;
}

/* Those of @names that are there; one that is not is an error if all have to be. */
static int look_at_named(struct cli *cli, char *const *names, bool need, struct looks *looks, struct error *err)
{
	for (; *names; names++) {
		struct container_record *record = NULL;
		int r = engine_container_find(cli->engine, *names, &record, need ? err : NULL);
		if (r < 0 && need)
			return r;
		if (r >= 0)
			add_look(cli, looks, record, *names);
	}
	return 0;
}

/* --- Showing --- */

/* "1.523MiB": powers of 1024, four digits. */
static void append_memory(struct str *out, uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	const char *const *unit = units;
	double value = (double)bytes;
	for (; value >= 1024; unit++)
		value /= 1024;
	str_appendf(out, "%.4g%s", value, *unit);
}

static void add_pair(struct json_object *fields, const char *name, uint64_t in, uint64_t out)
{
	char first[SIZE_TEXT_MAX], second[SIZE_TEXT_MAX];
	_cleanup_free_ char *text = mem_printf("%s / %s", format_size(in, first), format_size(out, second));
	json_add_string(fields, name, text);
}

static void add_percent(struct json_object *fields, const char *name, double part, double whole)
{
	enum { HUNDRED = 100 };
	_cleanup_free_ char *text = mem_printf("%.2f%%", whole > 0 ? part / whole * HUNDRED : 0);
	json_add_string(fields, name, text);
}

/* The share of one CPU, so that who uses two has 200%. It may have been started anew between the looks. */
static void add_cpu(struct json_object *fields, const struct container_stats *before, const struct container_stats *now)
{
	bool same = before && before->cpu_ns <= now->cpu_ns;
	if (same)
		add_percent(fields, "CPUPerc", (double)(now->cpu_ns - before->cpu_ns),
			    (double)(now->time_ns - before->time_ns));
	else
		json_add_string(fields, "CPUPerc", "--");
}

static void add_values(struct json_object *fields, const struct container_stats *before,
		       const struct container_stats *now)
{
	_cleanup_str_ struct str memory = { 0 };
	_cleanup_free_ char *pids = mem_printf("%ju", (uintmax_t)now->pids);
	append_memory(&memory, now->memory);
	str_append(&memory, " / ");
	append_memory(&memory, now->memory_limit);
	add_cpu(fields, before, now);
	json_add_string(fields, "MemUsage", str_text(&memory));
	add_percent(fields, "MemPerc", (double)now->memory, (double)now->memory_limit);
	add_pair(fields, "NetIO", now->received_bytes, now->sent_bytes);
	add_pair(fields, "BlockIO", now->read_bytes, now->written_bytes);
	json_add_string(fields, "PIDs", pids);
}

static void add_unknown(struct json_object *fields)
{
	static const char *const names[] = { "CPUPerc", "MemPerc", "NetIO", "BlockIO", "PIDs", NULL };
	for (const char *const *name = names; *name; name++)
		json_add_string(fields, *name, "--");
	json_add_string(fields, "MemUsage", "-- / --");
}

static struct json_object *make_fields(const struct look *look, const struct container_stats *before, bool no_trunc)
{
	struct json_object *fields = json_object_new_object();
	_cleanup_str_ struct str id = { 0 };
	format_container_id(&id, look->record->id, no_trunc);
	json_add_string(fields, "Container", look->asked ? look->asked : str_text(&id));
	json_add_string(fields, "ID", str_text(&id));
	json_add_string(fields, "Name", look->record->name);
	if (look->known)
		add_values(fields, before, &look->stats);
	else
		add_unknown(fields);
	return fields;
}

static const struct container_stats *find_stats(const struct looks *looks, const char *id)
{
	for (size_t i = 0; i < looks->count; i++)
		if (looks->list[i].known && streq(looks->list[i].record->id, id))
			return &looks->list[i].stats;
	return NULL;
}

static int add_rows(struct rows *rows, const struct stats_options *options, const struct looks *before,
		    const struct looks *now, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < now->count; i++) {
		const struct look *look = &now->list[i];
		const struct container_stats *stats = find_stats(before, look->record->id);
		r = rows_add(rows, make_fields(look, stats, options->no_trunc), NULL, err);
	}
	return r;
}

/* On a terminal in the place of what was shown before, else below it. */
static int print(const struct rows *rows, bool stream, struct error *err)
{
	static const char CLEAR[] = "\033[2J\033[H";
	if (stream && isatty(STDOUT_FILENO))
		fputs(CLEAR, stdout);
	rows_print(rows);
	return fflush(stdout) != 0 ? err_sys(err, errno, "write the statistics") : 0;
}

/* --- The command --- */

static int look(struct cli *cli, const struct stats_options *options, char *const *names, bool first,
		struct looks *looks, struct error *err)
{
	return *names ? look_at_named(cli, names, first, looks, err) : look_at_all(cli, options->all, looks, err);
}

/* What a CPU does can only be seen between two looks, the one in @looks and another one, which replaces it. */
static int look_again(struct cli *cli, const struct stats_options *options, char *const *names, struct looks *looks,
		      struct error *err)
{
	static const char *const columns[] = { "ID",	"Name",	   "CPUPerc", "MemUsage", "MemPerc",
					       "NetIO", "BlockIO", "PIDs",    NULL };
	const struct timespec second = { .tv_sec = 1 };
	_cleanup_rows_ struct rows rows = { 0 };
	_cleanup_looks_ struct looks before = *looks;
	*looks = (struct looks){ 0 };
	int r = rows_begin(&rows, &STATS_ROWS, options->format, columns, err);
	if (r < 0)
		return r;
	(void)nanosleep(&second, NULL);
	r = look(cli, options, names, false, looks, err);
	if (r >= 0)
		r = add_rows(&rows, options, &before, looks, err);
	return r < 0 ? r : print(&rows, !options->no_stream, err);
}

/* It ends when all that were named are gone. */
static int run(struct cli *cli, void *data, char **names, struct error *err)
{
	const struct stats_options *options = data;
	_cleanup_looks_ struct looks looks = { 0 };
	int r = look(cli, options, names, true, &looks, err);
	for (bool more = true; r >= 0 && more; more = !options->no_stream && (looks.count > 0 || !*names))
		r = look_again(cli, options, names, &looks, err);
	return r;
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct stats_options, all, 'a', "all", "Show all containers (default shows just running)"),
	OPT_FORMAT(struct stats_options, format, 0),
	OPT_BOOL(struct stats_options, no_stream, 0, "no-stream", "Show them once, and end"),
	OPT_BOOL(struct stats_options, no_trunc, 0, "no-trunc", "Do not shorten anything"),
	OPT_END,
};

const struct command command_stats = {
	.name = "stats",
	.aliases = (const char *const[]){ "container stats", NULL },
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS] [CONTAINER...]",
	.summary = "Show what containers use, once a second",
	.description =
		"CPU % is of one CPU: two that are busy are 200%. Memory is what is charged to the container without "
		"files in the cache that nobody has used lately; its limit, if it has none, is all that the machine has. What is "
		"not known is --: of a container that does not run, all of it."
		"\n\n"
		"Fields of templates: .Container .ID .Name .CPUPerc .MemUsage .MemPerc .NetIO .BlockIO .PIDs.",
	.examples =
		(const struct example[]){
			{ "stats --no-stream --format '{{.Name}} {{.MemPerc}}'", "For a script" },
			{ 0 },
		},
	.max_args = ARGS_ANY,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct stats_options),
	.run = run,
};
