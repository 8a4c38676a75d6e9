/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/start-trace.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "base/timeline.h"
#include "cli/table.h"

int start_trace_begin(struct error *err)
{
	int r = timeline_begin("coffer", err);
	timeline_step("begin");
	return r;
}

static void add_ms(struct table *table, int64_t ns)
{
	char text[32];
	snprintf(text, sizeof text, "%.3f ms", (double)ns / NSEC_PER_MSEC);
	table_add(table, text);
}

void start_trace_end(void)
{
	struct timeline_step steps[TIMELINE_STEPS_MAX];
	_cleanup_table_ struct table table = { .columns = 4 };
	static const char *const headers[] = { "AT", "TOOK", "WHO", "STEP", NULL };
	if (!timeline_current)
		return;
	size_t count = timeline_take(steps);
	table_add_row(&table, headers);
	for (size_t i = 0; i < count; i++) {
		add_ms(&table, steps[i].time_ns - steps[0].time_ns);
		add_ms(&table, i > 0 ? steps[i].time_ns - steps[i - 1].time_ns : 0);
		table_add(&table, steps[i].who);
		table_add(&table, steps[i].text);
	}
	table_print(&table, stderr);
}
