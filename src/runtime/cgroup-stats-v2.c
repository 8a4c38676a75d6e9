/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: Documentation/admin-guide/cgroup-v2.rst, "Controllers"; Documentation/accounting/psi.rst. */
#include <inttypes.h>
#include <stdio.h>

#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "runtime/cgroup-stats-internal.h"

/* --- pressure --- */

static bool parse_pressure(const char *line, const char *kind, struct cgroup_pressure_line *ret)
{
	struct cgroup_pressure_line pressure;
	const char *rest = str_after(line, kind);
	if (!rest || sscanf(rest, " avg10=%lf avg60=%lf avg300=%lf total=%" SCNu64, &pressure.avg10, &pressure.avg60,
			    &pressure.avg300, &pressure.total_us) != 4)
		return false;
	*ret = pressure;
	return true;
}

/* Not set where the kernel does not watch it: PSI is off, or the controller is not there. */
static void read_pressure(const struct cgroup_tree *tree, const char *file, struct cgroup_pressure *ret)
{
	_cleanup_strv_ char **lines = cgroup_lines(tree, file);
	for (char **line = lines; line && *line; line++)
		if (parse_pressure(*line, "some", &ret->some) || parse_pressure(*line, "full", &ret->full))
			ret->set = true;
}

void cgroup_stats_pressure(const struct cgroup_tree *tree, struct cgroup_stats *stats)
{
	read_pressure(tree, "cpu.pressure", &stats->cpu.pressure);
	read_pressure(tree, "memory.pressure", &stats->memory.pressure);
	read_pressure(tree, "io.pressure", &stats->block_pressure);
}

/* --- cpu --- */

static uint64_t read_us(const struct cgroup_tree *tree, const char *key)
{
	uint64_t us = 0;
	(void)cgroup_read_key(tree, "cpu.stat", key, &us);
	return us * 1000;
}

void cgroup_stats_cpu_v2(const struct cgroup_tree *tree, struct cgroup_stats *stats)
{
	stats->cpu.total = read_us(tree, "usage_usec");
	stats->cpu.user = read_us(tree, "user_usec");
	stats->cpu.kernel = read_us(tree, "system_usec");
	stats->cpu.throttled = read_us(tree, "throttled_usec");
	(void)cgroup_read_key(tree, "cpu.stat", "nr_periods", &stats->cpu.periods);
	(void)cgroup_read_key(tree, "cpu.stat", "nr_throttled", &stats->cpu.throttled_periods);
}

/* --- memory --- */

static struct cgroup_memory_counts read_memory(const struct cgroup_tree *tree, const char *prefix)
{
	char limit[64], usage[64], max[64];
	struct cgroup_memory_counts counts = { 0 };
	snprintf(limit, sizeof limit, "%s.max", prefix);
	snprintf(usage, sizeof usage, "%s.current", prefix);
	snprintf(max, sizeof max, "%s.peak", prefix);
	if (!cgroup_read_u64(tree, usage, &counts.usage))
		return counts; /* there is no such counter, and so no limit of it */
	if (!cgroup_read_u64(tree, limit, &counts.limit))
		counts.limit = UINT64_MAX;
	counts.max = cgroup_count(tree, max);
	return counts;
}

static void read_events(const struct cgroup_tree *tree, struct cgroup_stats *stats)
{
	const struct {
		const char *key;
		uint64_t *value;
	} events[] = {
		{ "low", &stats->memory.events.low },
		{ "high", &stats->memory.events.high },
		{ "max", &stats->memory.events.max },
		{ "oom", &stats->memory.events.oom },
		{ "oom_kill", &stats->memory.events.oom_kill },
		{ "oom_group_kill", &stats->memory.events.oom_group_kill },
	};
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		if (cgroup_read_key(tree, "memory.events", events[i].key, events[i].value))
			stats->memory.has_events = true;
}

/* v1 counts memory and swap together, and that is what everybody expects; a sum has no highest value of its own. */
static struct cgroup_memory_counts sum_with_swap(const struct cgroup_memory_counts *memory,
						 struct cgroup_memory_counts swap)
{
	swap.usage += memory->usage;
	if (__builtin_add_overflow(swap.limit, memory->limit, &swap.limit))
		swap.limit = UINT64_MAX;
	swap.max = 0;
	return swap;
}

void cgroup_stats_memory_v2(const struct cgroup_tree *tree, struct cgroup_stats *stats)
{
	stats->memory.usage = read_memory(tree, "memory");
	stats->memory.swap = sum_with_swap(&stats->memory.usage, read_memory(tree, "memory.swap"));
	cgroup_stats_raw_memory(tree, stats);
	(void)cgroup_read_key(tree, "memory.stat", "file", &stats->memory.cache);
	read_events(tree, stats);
}

/* --- io --- */

/* "8:0 rbytes=4096 wbytes=0 rios=1 wios=0 ..." */
static void read_io_line(const char *line, struct cgroup_stats *stats)
{
	static const struct {
		const char *key, *operation;
		enum cgroup_block_kind kind;
	} counters[] = {
		{ "rbytes=", "Read", CGROUP_BLOCK_BYTES },
		{ "wbytes=", "Write", CGROUP_BLOCK_BYTES },
		{ "rios=", "Read", CGROUP_BLOCK_OPERATIONS },
		{ "wios=", "Write", CGROUP_BLOCK_OPERATIONS },
	};
	_cleanup_strv_ char **words = strv_split(line, ' ');
	struct cgroup_block_count count = { 0 };
	if (strv_count(words) == 0 || !cgroup_parse_device(words[0], &count))
		return;
	for (char **word = words + 1; *word; word++) {
		for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
			const char *value = str_after(*word, counters[i].key);
			if (!value || !cgroup_parse_count(value, &count.value))
				continue;
			count.operation = counters[i].operation;
			cgroup_append_block(&stats->block[counters[i].kind], &count);
		}
	}
}

void cgroup_stats_block_v2(const struct cgroup_tree *tree, struct cgroup_stats *stats)
{
	_cleanup_strv_ char **lines = cgroup_lines(tree, "io.stat");
	for (char **line = lines; line && *line; line++)
		read_io_line(*line, stats);
}

/* --- hugetlb --- */

static bool read_huge(const struct cgroup_tree *tree, struct cgroup_huge_counts *counts)
{
	char events[64];
	snprintf(events, sizeof events, "hugetlb.%s.events", counts->page_size);
	(void)cgroup_read_key(tree, events, "max", &counts->failures);
	return cgroup_huge_count(tree, counts->page_size, "current", &counts->usage);
}

void cgroup_stats_huge_v2(const struct cgroup_tree *tree, struct cgroup_stats *stats)
{
	cgroup_stats_huge(tree, read_huge, stats);
}
