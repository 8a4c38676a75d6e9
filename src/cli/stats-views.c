/* SPDX-License-Identifier: Apache-2.0 */
/* The other views of `stats`: what memory is used for, what the kernel counts when limits are met, and single CPUs. */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "cli/stats.h"

#define LEADING                                                 \
	{ "Container", "CONTAINER" }, { "ID", "CONTAINER ID" }, \
	{                                                       \
		"Name", "NAME"                                  \
	}

static const char UNKNOWN[] = "--";

/* --- --mem --- */

static const struct {
	const char *field;
	enum usage_memory part;
} PARTS[] = {
	{ "Anon", USAGE_ANON },
	{ "File", USAGE_FILE },
	{ "Shmem", USAGE_SHMEM },
	{ "Kernel", USAGE_KERNEL },
	{ "Slab", USAGE_SLAB },
	{ "Stacks", USAGE_STACKS },
	{ "PageTables", USAGE_PAGE_TABLES },
	{ "Sockets", USAGE_SOCKETS },
	{ "Reclaimable", USAGE_RECLAIMABLE },
	{ "Swap", USAGE_SWAP },
	{ "Peak", USAGE_PEAK },
};

static const struct rows_kind MEMORY_KIND = {
	.what = "container's memory",
	.fields =
		(const struct rows_field[]){
			LEADING,
			{ "Usage", "USAGE" },
			{ "Anon", "ANON" },
			{ "File", "FILE" },
			{ "Shmem", "SHMEM" },
			{ "Kernel", "KERNEL" },
			{ "Slab", "SLAB" },
			{ "Stacks", "STACKS" },
			{ "PageTables", "PAGE TABLES" },
			{ "Sockets", "SOCKETS" },
			{ "Reclaimable", "RECLAIMABLE" },
			{ "Swap", "SWAP" },
			{ "Peak", "PEAK" },
			{ 0 },
		},
};

static const char *const MEMORY_COLUMNS[] = { "Name",	     "Usage", "Anon",	"File",	      "Shmem",
					      "Kernel",	     "Slab",  "Stacks", "PageTables", "Sockets",
					      "Reclaimable", "Swap",  "Peak",	NULL };

static void add_bytes(struct json_object *fields, const char *name, bool known, uint64_t bytes)
{
	_cleanup_str_ struct str text = { 0 };
	if (known)
		stats_append_bytes(&text, bytes);
	else
		str_append(&text, UNKNOWN);
	json_add_string(fields, name, str_text(&text));
}

static int add_memory(struct rows *rows, const struct look *now, const struct look *before, bool no_trunc,
		      struct error *err)
{
	struct json_object *fields = stats_fields(now, no_trunc);
	add_bytes(fields, "Usage", now->known, now->stats.usage.kernel.memory.usage.usage);
	for (size_t i = 0; i < ARRAY_SIZE(PARTS); i++) {
		uint64_t bytes = 0;
		bool known = now->known && usage_memory(&now->stats.usage, PARTS[i].part, &bytes);
		add_bytes(fields, PARTS[i].field, known, bytes);
	}
	return rows_add(rows, fields, NULL, err);
}

const struct stats_view STATS_MEMORY = { .kind = &MEMORY_KIND, .columns = MEMORY_COLUMNS, .add = add_memory };

/* --- --events --- */

static const struct rows_kind EVENTS_KIND = {
	.what = "container's counters",
	.fields =
		(const struct rows_field[]){
			LEADING,
			{ "Event", "EVENT" },
			{ "Count", "SINCE START" },
			{ "Change", "LAST SECOND" },
			{ 0 },
		},
};

static const char *const EVENTS_COLUMNS[] = { "Name", "Event", "Count", "Change", NULL };

/* A container's control group is as old as its run: so are the kernel's counters. */
static int add_event(struct rows *rows, const struct look *now, const char *event, uint64_t count,
		     const uint64_t *before, bool no_trunc, struct error *err)
{
	struct json_object *fields = stats_fields(now, no_trunc);
	_cleanup_free_ char *total = mem_printf("%ju", (uintmax_t)count);
	_cleanup_free_ char *change = before && *before <= count ? mem_printf("+%ju", (uintmax_t)(count - *before))
								 : mem_strdup(UNKNOWN);
	json_add_string(fields, "Event", event);
	json_add_string(fields, "Count", total);
	json_add_string(fields, "Change", change);
	return rows_add(rows, fields, NULL, err);
}

static bool is_event(const char *prefix, const char *name)
{
	return !streq(prefix, "cpu") || streq(name, "nr_periods") || streq(name, "nr_throttled") ||
	       streq(name, "nr_bursts");
}

static int add_counters(struct rows *rows, const struct look *now, const char *prefix, const struct counters *counters,
			const struct counters *before, bool no_trunc, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < counters->count; i++) {
		uint64_t old;
		const char *name = counters->list[i].name;
		bool known = before && counters_find(before, name, &old);
		_cleanup_free_ char *event = mem_printf("%s.%s", prefix, name);
		if (is_event(prefix, name))
			r = add_event(rows, now, event, counters->list[i].value, known ? &old : NULL, no_trunc, err);
	}
	return r;
}

static int add_events(struct rows *rows, const struct look *now, const struct look *before, bool no_trunc,
		      struct error *err)
{
	const struct usage *usage = &now->stats.usage, *old = before ? &before->stats.usage : NULL;
	int r = add_counters(rows, now, "memory", &usage->memory, old ? &old->memory : NULL, no_trunc, err);
	if (r >= 0)
		r = add_counters(rows, now, "pids", &usage->pids, old ? &old->pids : NULL, no_trunc, err);
	return r < 0 ? r : add_counters(rows, now, "cpu", &usage->cpu, old ? &old->cpu : NULL, no_trunc, err);
}

const struct stats_view STATS_EVENTS = { .kind = &EVENTS_KIND, .columns = EVENTS_COLUMNS, .add = add_events };

/* --- --per-cpu --- */

static const struct rows_kind CPUS_KIND = {
	.what = "container's CPU",
	.fields =
		(const struct rows_field[]){
			LEADING,
			{ "CPU", "CPU" },
			{ "CPUPerc", "CPU %" },
			{ "Source", "SOURCE" },
			{ 0 },
		},
};

static const char *const CPUS_COLUMNS[] = { "Name", "CPU", "CPUPerc", "Source", NULL };

static int add_cpu(struct rows *rows, const struct look *now, const struct look *before, size_t cpu, uint64_t used_ns,
		   const char *source, bool no_trunc, struct error *err)
{
	struct json_object *fields = stats_fields(now, no_trunc);
	_cleanup_free_ char *number = mem_printf("%zu", cpu);
	json_add_string(fields, "CPU", number);
	stats_add_percent(fields, "CPUPerc", (double)used_ns, (double)(now->stats.time_ns - before->stats.time_ns));
	json_add_string(fields, "Source", source);
	return rows_add(rows, fields, NULL, err);
}

/* What a thread has used between the looks goes to where it was seen last. */
static uint64_t used_on(const struct look *now, const struct look *before, unsigned cpu)
{
	uint64_t used = 0;
	for (size_t i = 0; i < now->threads.count; i++) {
		const struct thread_use *use = &now->threads.list[i];
		uint64_t old = 0;
		for (size_t k = 0; k < before->threads.count; k++)
			if (before->threads.list[k].tid == use->tid && before->threads.list[k].start == use->start)
				old = before->threads.list[k].cpu_ns;
		if (use->cpu == cpu && use->cpu_ns >= old)
			used += use->cpu_ns - old;
	}
	return used;
}

static unsigned highest_cpu(const struct look *look)
{
	unsigned highest = 0;
	for (size_t i = 0; i < look->threads.count; i++)
		highest = MAX(highest, look->threads.list[i].cpu);
	return highest;
}

static int add_cpus(struct rows *rows, const struct look *now, const struct look *before, bool no_trunc,
		    struct error *err)
{
	int r = 0;
	if (!now->known || !before)
		return 0;
	const struct cgroup_counts *counted = &now->stats.usage.kernel.cpu.per_cpu;
	const struct cgroup_counts *old = &before->stats.usage.kernel.cpu.per_cpu;
	for (size_t i = 0; r >= 0 && i < counted->count && i < old->count; i++)
		r = add_cpu(rows, now, before, i, counted->values[i] - MIN(old->values[i], counted->values[i]),
			    "counted", no_trunc, err);
	for (unsigned cpu = 0; r >= 0 && counted->count == 0 && cpu <= highest_cpu(now); cpu++)
		r = add_cpu(rows, now, before, cpu, used_on(now, before, cpu), "sampled", no_trunc, err);
	return r;
}

const struct stats_view STATS_CPUS = {
	.kind = &CPUS_KIND, .columns = CPUS_COLUMNS, .needs_threads = true, .add = add_cpus
};
