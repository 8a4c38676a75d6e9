/* SPDX-License-Identifier: Apache-2.0 */
/* `stats`: looks at containers, and the ways to show two of them, one after the other. */
#pragma once

#include "cli/rows.h"
#include "engine/stats.h"

/* A container, when it was looked at. */
struct look {
	struct container_record *record;
	const char *asked; /* how it was named, or NULL */
	bool known;
	struct container_stats stats;
	struct thread_uses threads; /* if the view needs them */
};

struct stats_view {
	const struct rows_kind *kind;
	const char *const *columns;
	bool needs_threads;

	/* The rows of a container. @before is NULL if it was not there. What is not known is --. */
	int (*add)(struct rows *rows, const struct look *now, const struct look *before, bool no_trunc,
		   struct error *err);
};

extern const struct stats_view STATS_USE; /* stats-use.c: Docker's */

/* stats-views.c */
extern const struct stats_view STATS_MEMORY, STATS_EVENTS, STATS_CPUS;

/* The first three fields of every view: Container, ID, Name. */
struct json_object *stats_fields(const struct look *look, bool no_trunc);

void stats_append_bytes(struct str *out, uint64_t bytes);
void stats_add_percent(struct json_object *fields, const char *name, double part, double whole);
