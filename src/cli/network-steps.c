/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/network-steps.h"

#include <stdio.h>

#include "base/json.h"

static const struct rows_kind STEP_ROWS = {
	.what = "step",
	.fields =
		(const struct rows_field[]){
			{ "Stage", "STAGE" },
			{ "Result", "RESULT" },
			{ "Found", "FOUND" },
			{ "Source", "SOURCE" },
			{ 0 },
		},
};

static const struct rows_kind ALL_ROWS = {
	.what = "step",
	.fields =
		(const struct rows_field[]){
			{ "Container", "CONTAINER" },
			{ "Stage", "STAGE" },
			{ "Result", "RESULT" },
			{ "Found", "FOUND" },
			{ "Source", "SOURCE" },
			{ 0 },
		},
};

int network_steps_begin_all(struct rows *rows, const char *format, struct error *err)
{
	static const char *const columns[] = { "Container", "Stage", "Result", "Found", "Source", NULL };
	return rows_begin(rows, &ALL_ROWS, format, columns, err);
}

int network_steps_begin(struct rows *rows, const char *format, struct error *err)
{
	static const char *const columns[] = { "Stage", "Result", "Found", "Source", NULL };
	return rows_begin(rows, &STEP_ROWS, format, columns, err);
}

static const char *const RESULTS[] = { [TRACE_OK] = "ok", [TRACE_NOTE] = "note", [TRACE_BAD] = "stop" };

/* @container: NULL if it is about one. */
static int add(struct rows *rows, const char *container, const char *stage, const char *result, const char *found,
	       const char *source, struct error *err)
{
	struct json_object *fields = json_object_new_object();
	if (container)
		json_add_string(fields, "Container", container);
	json_add_string(fields, "Stage", stage);
	json_add_string(fields, "Result", result);
	json_add_string(fields, "Found", found);
	json_add_string(fields, "Source", source);
	return rows_add(rows, fields, NULL, err);
}

static int conclude(const char *container, const struct network_trace *trace, struct rows *rows, struct error *err)
{
	return add(rows, container, "conclusion", RESULTS[trace->reachable ? TRACE_OK : TRACE_BAD], trace->conclusion,
		   "", err);
}

int network_steps_add(const char *container, const struct network_trace *trace, struct rows *rows, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < trace->n_steps; i++)
		if (rows->mode != ROWS_TABLE || trace->steps[i].result != TRACE_OK)
			r = add(rows, container, trace->steps[i].stage, RESULTS[trace->steps[i].result],
				trace->steps[i].found, trace->steps[i].source, err);
	return r < 0 ? r : conclude(container, trace, rows, err);
}

/* The conclusion is a line of its own for people, and a row like the others for programs. */
int network_steps_show(const struct network_trace *trace, struct rows *rows, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < trace->n_steps; i++)
		r = add(rows, NULL, trace->steps[i].stage, RESULTS[trace->steps[i].result], trace->steps[i].found,
			trace->steps[i].source, err);
	if (r >= 0 && rows->mode != ROWS_TABLE)
		r = conclude(NULL, trace, rows, err);
	if (r < 0)
		return r;
	rows_print(rows);
	if (rows->mode == ROWS_TABLE)
		puts(trace->conclusion);
	return trace->reachable ? 0 : 1;
}
