/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/rows.h"
#include "engine/filter.h"
#include "image/transfer-protocol.h"

enum {
	LIMIT_USUAL = 25,
	DESCRIPTION_SHOWN = 45,
};

struct search_options {
	char **filters;
	char *format;
	unsigned limit; /* 0: not said */
	bool no_trunc;
};

static const struct rows_kind SEARCH_ROWS = {
	.what = "image",
	.fields =
		(const struct rows_field[]){
			{ "Name", "NAME" },
			{ "Description", "DESCRIPTION" },
			{ "StarCount", "STARS" },
			{ "IsOfficial", "OFFICIAL" },
			{ "IsAutomated",
			  "AUTOMATED" }, /* Docker's registry has given that up; templates may still name it */
			{ 0 },
		},
};

/* --- Conditions --- */

struct conditions {
	int64_t stars;
	bool asks_official, official;
	bool none; /* nothing can meet them */
};

static int parse_condition(const char *text, struct conditions *conditions, struct error *err)
{
	enum { STARS, OFFICIAL, AUTOMATED };
	static const char *const keys[] = {
		[STARS] = "stars", [OFFICIAL] = "is-official", [AUTOMATED] = "is-automated", NULL
	};
	_cleanup_free_ char *value = NULL;
	size_t key = 0;
	bool yes = false;
	int r = filter_parse(text, keys, &key, &value, err);
	if (r < 0)
		return r;
	if (key == STARS)
		return parse_i64(value, 0, INT64_MAX, &conditions->stars, NULL) < 0
			       ? filter_refuse(keys[key], value, "a number", err)
			       : 0;
	if (parse_bool(value, &yes, NULL) < 0)
		return filter_refuse(keys[key], value, "true or false", err);
	if (key == AUTOMATED) {
		conditions->none |= yes;
		return 0;
	}
	conditions->asks_official = true;
	conditions->official = yes;
	return 0;
}

static bool meets(const struct search_hit *hit, const struct conditions *conditions)
{
	return !conditions->none && hit->stars >= conditions->stars &&
	       (!conditions->asks_official || hit->official == conditions->official);
}

/* --- Rows --- */

/* On one line, as Docker shows it. */
static void add_description(struct json_object *fields, const char *description, bool no_trunc)
{
	_cleanup_free_ char *line = mem_strdup(description);
	_cleanup_str_ struct str shown = { 0 };
	for (char *at = line; *at; at++)
		if (*at == '\n' || *at == '\r')
			*at = ' ';
	format_ellipsis(&shown, line, no_trunc ? strlen(line) : DESCRIPTION_SHOWN);
	json_add_string(fields, "Description", str_text(&shown));
}

static int show(struct rows *rows, const struct search_hit *hit, bool no_trunc, struct error *err)
{
	struct json_object *fields = json_object_new_object();
	_cleanup_free_ char *stars = mem_printf("%lld", (long long)hit->stars);
	json_add_string(fields, "Name", hit->name);
	add_description(fields, hit->description, no_trunc);
	json_add_string(fields, "StarCount", stars);
	json_add_string(fields, "IsOfficial", hit->official ? "[OK]" : "");
	json_add_string(fields, "IsAutomated", "");
	return rows_add(rows, fields, NULL, err);
}

static int parse_conditions(char *const *texts, struct conditions *conditions, struct error *err)
{
	int r = 0;
	for (; r >= 0 && texts && *texts; texts++)
		r = parse_condition(*texts, conditions, err);
	return r;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	static const char *const columns[] = { "Name", "Description", "StarCount", "IsOfficial", NULL };
	const struct search_options *options = data;
	unsigned limit = options->limit ? options->limit : LIMIT_USUAL;
	struct conditions conditions = { 0 };
	_cleanup_rows_ struct rows rows = { 0 };
	struct search_hit *hits = NULL;
	size_t count = 0;
	int r = parse_conditions(options->filters, &conditions, err);
	if (r >= 0)
		r = rows_begin(&rows, &SEARCH_ROWS, options->format, columns, err);
	if (r >= 0)
		r = engine_search(cli->engine, args[0], limit, &hits, &count, err);
	for (size_t i = 0; r >= 0 && i < count; i++)
		if (meets(&hits[i], &conditions))
			r = show(&rows, &hits[i], options->no_trunc, err);
	if (r >= 0)
		rows_print(&rows);
	search_hits_free(hits, count);
	return r;
}

static int parse_limit(const char *value, void *field, struct error *err)
{
	int64_t limit;
	int r = parse_i64(value, INT64_MIN, INT64_MAX, &limit, err);
	if (r < 0)
		return r;
	if (limit < 0 || limit > SEARCH_LIMIT_MAX)
		return err_set(err, ERR_USAGE, "limit %lld is outside the range of [1, %d]", (long long)limit,
			       SEARCH_LIMIT_MAX);
	*(unsigned *)field = (unsigned)limit;
	return 0;
}

static const struct option OPTIONS[] = {
	OPT_LIST(struct search_options, filters, 'f', "filter",
		 "Show those for which KEY=VALUE is true: is-official, stars (at least so many)"),
	OPT_FORMAT(struct search_options, format, 0),
	OPT_PARSED(struct search_options, limit, parse_limit, 0, "limit", "int",
		   "Show so many of each registry at most (default 25)"),
	OPT_BOOL(struct search_options, no_trunc, 0, "no-trunc", "Do not shorten descriptions"),
	OPT_END,
};

const struct command command_search = {
	.name = "search",
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS] TERM",
	.summary = "Search a registry for images",
	.description =
		"Looks for TERM at Docker Hub, or at the registries that registries.conf says are to be searched; HOST/TERM looks "
		"at one registry, and HOST/ shows all that it has. A registry that has no search of its own is asked for the names "
		"of its repositories, and those with TERM in them are shown; many registries refuse that.\n\n"
		"Fields of templates: .Name .Description .StarCount .IsOfficial.",
	.examples =
		(const struct example[]){
			{ "search --filter is-official=true nginx", "At Docker Hub" },
			{ "search localhost:5000/team",
			  "The repositories of a registry whose names have \"team\" in them" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = 1,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct search_options),
	.run = run,
};
