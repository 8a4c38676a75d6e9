/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker's columns, and behind them what tells whether the limits hurt.
 * Source: docs.docker.com/reference/cli/docker/container/stats; accounting/psi.rst.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/format.h"
#include "cli/stats.h"

static const struct rows_kind KIND = {
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
			{ "ThrottledPerc", "THROTTLED %" },
			{ "Periods", "PERIODS" },
			{ "ThrottledPeriods", "THROTTLED PERIODS" },
			{ "ThrottledUSec", "THROTTLED USEC" },
			{ "PressureCPU", "PSI CPU" },
			{ "PressureMem", "PSI MEM" },
			{ "PressureIO", "PSI I/O" },
			{ "OOMKills", "OOM" },
			{ "PidsLimitHits", "PIDS HITS" },
			{ 0 },
		},
};

static const char *const COLUMNS[] = { "ID",	      "Name",	    "CPUPerc",	"MemUsage",	 "MemPerc",
				       "NetIO",	      "BlockIO",    "PIDs",	"ThrottledPerc", "PressureCPU",
				       "PressureMem", "PressureIO", "OOMKills", "PidsLimitHits", NULL };

static const char UNKNOWN[] = "--";

/* "1.523MiB": powers of 1024, four digits. */
void stats_append_bytes(struct str *out, uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	const char *const *unit = units;
	double value = (double)bytes;
	for (; value >= 1024; unit++)
		value /= 1024;
	str_appendf(out, "%.4g%s", value, *unit);
}

void stats_add_percent(struct json_object *fields, const char *name, double part, double whole)
{
	enum { HUNDRED = 100 };
	_cleanup_free_ char *text = mem_printf("%.2f%%", whole > 0 ? part / whole * HUNDRED : 0);
	json_add_string(fields, name, text);
}

struct json_object *stats_fields(const struct look *look, bool no_trunc)
{
	struct json_object *fields = json_object_new_object();
	_cleanup_str_ struct str id = { 0 };
	format_container_id(&id, look->record->id, no_trunc);
	json_add_string(fields, "Container", look->asked ? look->asked : str_text(&id));
	json_add_string(fields, "ID", str_text(&id));
	json_add_string(fields, "Name", look->record->name);
	return fields;
}

static void add_pair(struct json_object *fields, const char *name, uint64_t in, uint64_t out)
{
	char first[SIZE_TEXT_MAX], second[SIZE_TEXT_MAX];
	_cleanup_free_ char *text = mem_printf("%s / %s", format_size(in, first), format_size(out, second));
	json_add_string(fields, name, text);
}

/* The share of one CPU, so that who uses two has 200%. It may have been started anew between the looks. */
static void add_cpu(struct json_object *fields, const struct container_stats *before, const struct container_stats *now)
{
	bool same = before && before->cpu_ns <= now->cpu_ns;
	if (same)
		stats_add_percent(fields, "CPUPerc", (double)(now->cpu_ns - before->cpu_ns),
				  (double)(now->time_ns - before->time_ns));
	else
		json_add_string(fields, "CPUPerc", UNKNOWN);
}

/* Of the periods between the looks, those at whose end it had to wait; without a limit there are none. */
static void add_throttling(struct json_object *fields, const struct usage *before, const struct usage *now)
{
	uint64_t periods, throttled, old_periods, old_throttled;
	if (before && counters_find(&now->cpu, "nr_periods", &periods) &&
	    counters_find(&now->cpu, "nr_throttled", &throttled) &&
	    counters_find(&before->cpu, "nr_periods", &old_periods) &&
	    counters_find(&before->cpu, "nr_throttled", &old_throttled) && periods > old_periods &&
	    throttled >= old_throttled)
		stats_add_percent(fields, "ThrottledPerc", (double)(throttled - old_throttled),
				  (double)(periods - old_periods));
	else
		json_add_string(fields, "ThrottledPerc", UNKNOWN);
}

/* For how many of the last ten seconds somebody, and everybody, was stalled. */
static void add_pressure(struct json_object *fields, const char *name, const struct cgroup_pressure *pressure)
{
	_cleanup_free_ char *text = pressure->set
					    ? mem_printf("%.2f / %.2f", pressure->some.avg10, pressure->full.avg10)
					    : mem_strdup(UNKNOWN);
	json_add_string(fields, name, text);
}

static void add_counter(struct json_object *fields, const char *name, const struct counters *counters, const char *key)
{
	uint64_t value;
	bool known = counters_find(counters, key, &value);
	_cleanup_free_ char *text = known ? mem_printf("%ju", (uintmax_t)value) : mem_strdup(UNKNOWN);
	json_add_string(fields, name, text);
}

static void add_trouble(struct json_object *fields, const struct container_stats *before,
			const struct container_stats *now)
{
	const struct usage *usage = &now->usage;
	uint64_t throttled_ns;
	add_throttling(fields, before ? &before->usage : NULL, usage);
	add_counter(fields, "Periods", &usage->cpu, "nr_periods");
	add_counter(fields, "ThrottledPeriods", &usage->cpu, "nr_throttled");
	if (usage_throttled_ns(usage, &throttled_ns)) {
		_cleanup_free_ char *text = mem_printf("%ju", (uintmax_t)(throttled_ns / 1000));
		json_add_string(fields, "ThrottledUSec", text);
	}
	add_pressure(fields, "PressureCPU", &usage->kernel.cpu.pressure);
	add_pressure(fields, "PressureMem", &usage->kernel.memory.pressure);
	add_pressure(fields, "PressureIO", &usage->kernel.block_pressure);
	add_counter(fields, "OOMKills", &usage->memory, "oom_kill");
	add_counter(fields, "PidsLimitHits", &usage->pids, "max");
}

static void add_memory(struct json_object *fields, const struct container_stats *now)
{
	_cleanup_str_ struct str memory = { 0 };
	stats_append_bytes(&memory, now->memory);
	str_append(&memory, " / ");
	stats_append_bytes(&memory, now->memory_limit);
	json_add_string(fields, "MemUsage", str_text(&memory));
	stats_add_percent(fields, "MemPerc", (double)now->memory, (double)now->memory_limit);
}

/* Of what is not known; the rest is there already. */
static void add_unknown(struct json_object *fields)
{
	if (!json_object_object_get_ex(fields, "MemUsage", NULL))
		json_add_string(fields, "MemUsage", "-- / --");
	for (const struct rows_field *field = KIND.fields; field->name; field++)
		if (!json_object_object_get_ex(fields, field->name, NULL))
			json_add_string(fields, field->name, UNKNOWN);
}

static void add_values(struct json_object *fields, const struct container_stats *before,
		       const struct container_stats *now)
{
	const struct cgroup_stats *kernel = &now->usage.kernel;
	_cleanup_free_ char *pids = mem_printf("%ju", (uintmax_t)now->pids);
	add_cpu(fields, before, now);
	if (kernel->counted.memory)
		add_memory(fields, now);
	add_pair(fields, "NetIO", now->received_bytes, now->sent_bytes);
	if (kernel->counted.block)
		add_pair(fields, "BlockIO", now->read_bytes, now->written_bytes);
	if (kernel->counted.pids)
		json_add_string(fields, "PIDs", pids);
	add_trouble(fields, before, now);
}

static int add(struct rows *rows, const struct look *now, const struct look *before, bool no_trunc, struct error *err)
{
	struct json_object *fields = stats_fields(now, no_trunc);
	if (now->known)
		add_values(fields, before ? &before->stats : NULL, &now->stats);
	add_unknown(fields);
	return rows_add(rows, fields, NULL, err);
}

const struct stats_view STATS_USE = { .kind = &KIND, .columns = COLUMNS, .add = add };
