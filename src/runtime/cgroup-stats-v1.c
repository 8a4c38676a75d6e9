/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: Documentation/admin-guide/cgroup-v1/{cpuacct,cpusets,memory,blkio-controller,hugetlb}.rst. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "runtime/cgroup-stats-internal.h"

/* --- cpu, cpuacct --- */

static uint64_t ticks_to_ns(uint64_t ticks)
{
	static const uint64_t NSEC = NSEC_PER_SEC;
	return ticks * (NSEC / (uint64_t)sysconf(_SC_CLK_TCK));
}

static void read_per_cpu(const struct cgroup_tree *tree, struct cgroup_stats *stats)
{
	_cleanup_strv_ char **lines = cgroup_lines(tree, "cpuacct.usage_percpu");
	_cleanup_strv_ char **words = lines && *lines ? strv_split(*lines, ' ') : NULL;
	uint64_t value;
	for (char **word = words; word && *word; word++)
		if (cgroup_parse_count(*word, &value))
			cgroup_append_count(&stats->cpu.per_cpu, value);
}

/* A header, then "CPU USER SYSTEM". */
static void read_per_cpu_modes(const struct cgroup_tree *tree, struct cgroup_stats *stats)
{
	_cleanup_strv_ char **lines = cgroup_lines(tree, "cpuacct.usage_all");
	for (char **line = lines; line && *line; line++) {
		_cleanup_strv_ char **words = strv_split(*line, ' ');
		uint64_t user, kernel;
		if (strv_count(words) != 3 || !cgroup_parse_count(words[1], &user) ||
		    !cgroup_parse_count(words[2], &kernel))
			continue;
		cgroup_append_count(&stats->cpu.per_cpu_user, user);
		cgroup_append_count(&stats->cpu.per_cpu_kernel, kernel);
	}
}

void cgroup_stats_cpuacct_v1(const struct cgroup_tree *tree, struct cgroup_stats *stats)
{
	uint64_t user = 0, kernel = 0;
	stats->cpu.total = cgroup_count(tree, "cpuacct.usage");
	(void)cgroup_read_key(tree, "cpuacct.stat", "user", &user);
	(void)cgroup_read_key(tree, "cpuacct.stat", "system", &kernel);
	stats->cpu.user = ticks_to_ns(user);
	stats->cpu.kernel = ticks_to_ns(kernel);
	read_per_cpu(tree, stats);
	read_per_cpu_modes(tree, stats);
}

void cgroup_stats_cpu_v1(const struct cgroup_tree *tree, struct cgroup_stats *stats)
{
	(void)cgroup_read_key(tree, "cpu.stat", "nr_periods", &stats->cpu.periods);
	(void)cgroup_read_key(tree, "cpu.stat", "nr_throttled", &stats->cpu.throttled_periods);
	(void)cgroup_read_key(tree, "cpu.stat", "throttled_time", &stats->cpu.throttled);
}

/* --- cpuset --- */

/* "0-2,5": every number of it. */
static void read_list(const struct cgroup_tree *tree, const char *file, struct cgroup_counts *ret)
{
	enum { HIGHEST = UINT16_MAX };
	_cleanup_strv_ char **lines = cgroup_lines(tree, file);
	_cleanup_strv_ char **ranges = lines && *lines ? strv_split(*lines, ',') : NULL;
	for (char **range = ranges; range && *range; range++) {
		_cleanup_strv_ char **ends = strv_split(*range, '-');
		uint64_t first, last;
		size_t count = strv_count(ends);
		if (count < 1 || count > 2 || parse_u64(ends[0], HIGHEST, &first, NULL) < 0 ||
		    parse_u64(ends[count - 1], HIGHEST, &last, NULL) < 0)
			continue;
		for (uint64_t number = first; number <= last; number++)
			cgroup_append_count(ret, number);
	}
}

void cgroup_stats_cpuset_v1(const struct cgroup_tree *tree, struct cgroup_stats *stats)
{
	char line[32];
	read_list(tree, "cpuset.cpus", &stats->cpuset.cpus);
	read_list(tree, "cpuset.mems", &stats->cpuset.mems);
	stats->cpuset.cpu_exclusive = cgroup_count(tree, "cpuset.cpu_exclusive");
	stats->cpuset.mem_hardwall = cgroup_count(tree, "cpuset.mem_hardwall");
	stats->cpuset.mem_exclusive = cgroup_count(tree, "cpuset.mem_exclusive");
	stats->cpuset.memory_migrate = cgroup_count(tree, "cpuset.memory_migrate");
	stats->cpuset.memory_spread_page = cgroup_count(tree, "cpuset.memory_spread_page");
	stats->cpuset.memory_spread_slab = cgroup_count(tree, "cpuset.memory_spread_slab");
	stats->cpuset.memory_pressure = cgroup_count(tree, "cpuset.memory_pressure");
	stats->cpuset.sched_load_balance = cgroup_count(tree, "cpuset.sched_load_balance");
	if (file_read_line(tree->fd, "cpuset.sched_relax_domain_level", line, sizeof line) > 0)
		(void)parse_i64(line, INT64_MIN, INT64_MAX, &stats->cpuset.sched_relax_domain_level, NULL);
}

/* --- memory --- */

/* "memory", "memory.memsw", ...: four files each. */
static struct cgroup_memory_counts read_memory(const struct cgroup_tree *tree, const char *prefix)
{
	char limit[64], usage[64], max[64], failures[64];
	snprintf(limit, sizeof limit, "%s.limit_in_bytes", prefix);
	snprintf(usage, sizeof usage, "%s.usage_in_bytes", prefix);
	snprintf(max, sizeof max, "%s.max_usage_in_bytes", prefix);
	snprintf(failures, sizeof failures, "%s.failcnt", prefix);
	return (struct cgroup_memory_counts){
		.limit = cgroup_count(tree, limit),
		.usage = cgroup_count(tree, usage),
		.max = cgroup_count(tree, max),
		.failures = cgroup_count(tree, failures),
	};
}

void cgroup_stats_memory_v1(const struct cgroup_tree *tree, struct cgroup_stats *stats)
{
	stats->memory.usage = read_memory(tree, "memory");
	stats->memory.swap = read_memory(tree, "memory.memsw");
	stats->memory.kernel = read_memory(tree, "memory.kmem");
	stats->memory.kernel_tcp = read_memory(tree, "memory.kmem.tcp");
	cgroup_stats_raw_memory(tree, stats);
	(void)cgroup_read_key(tree, "memory.stat", "cache", &stats->memory.cache);
}

/* --- blkio --- */

/* The kernel's words, which live longer than the text that they are read from. NULL for one that is new to us. */
static const char *known_operation(const char *word)
{
	static const char *const names[] = { "Read", "Write", "Sync", "Async", "Discard", "Total" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(word, names[i]))
			return names[i];
	return NULL;
}

/* "8:0 Read 4096" or "8:0 4096"; the sum over all devices at the end has no device. */
static void read_block_file(const struct cgroup_tree *tree, const char *file, struct cgroup_block_counts *ret)
{
	_cleanup_strv_ char **lines = cgroup_lines(tree, file);
	for (char **line = lines; line && *line; line++) {
		_cleanup_strv_ char **words = strv_split(*line, ' ');
		struct cgroup_block_count count = { 0 };
		size_t n = strv_count(words);
		if (n < 2 || n > 3 || !cgroup_parse_device(words[0], &count) ||
		    !cgroup_parse_count(words[n - 1], &count.value))
			continue;
		count.operation = n == 3 ? known_operation(words[1]) : NULL;
		if (n == 2 || count.operation)
			cgroup_append_block(ret, &count);
	}
}

/* What the BFQ scheduler counts is more; else there is what the throttling counts, on older kernels not recursively. */
void cgroup_stats_block_v1(const struct cgroup_tree *tree, struct cgroup_stats *stats)
{
	static const struct {
		enum cgroup_block_kind kind;
		const char *files[3]; /* the first that has something */
	} sources[] = {
		{ CGROUP_BLOCK_BYTES,
		  { "blkio.bfq.io_service_bytes_recursive", "blkio.throttle.io_service_bytes_recursive",
		    "blkio.throttle.io_service_bytes" } },
		{ CGROUP_BLOCK_OPERATIONS,
		  { "blkio.bfq.io_serviced_recursive", "blkio.throttle.io_serviced_recursive",
		    "blkio.throttle.io_serviced" } },
		{ CGROUP_BLOCK_QUEUED, { "blkio.bfq.io_queued_recursive" } },
		{ CGROUP_BLOCK_SERVICE_TIME, { "blkio.bfq.io_service_time_recursive" } },
		{ CGROUP_BLOCK_WAIT_TIME, { "blkio.bfq.io_wait_time_recursive" } },
		{ CGROUP_BLOCK_MERGED, { "blkio.bfq.io_merged_recursive" } },
		{ CGROUP_BLOCK_TIME, { "blkio.bfq.time_recursive" } },
		{ CGROUP_BLOCK_SECTORS, { "blkio.bfq.sectors_recursive" } },
	};
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		struct cgroup_block_counts *counts = &stats->block[sources[i].kind];
		for (size_t j = 0; j < ARRAY_SIZE(sources[i].files) && sources[i].files[j] && counts->count == 0; j++)
			read_block_file(tree, sources[i].files[j], counts);
	}
}

/* --- hugetlb --- */

static bool read_huge(const struct cgroup_tree *tree, struct cgroup_huge_counts *counts)
{
	(void)cgroup_huge_count(tree, counts->page_size, "max_usage_in_bytes", &counts->max);
	(void)cgroup_huge_count(tree, counts->page_size, "failcnt", &counts->failures);
	return cgroup_huge_count(tree, counts->page_size, "usage_in_bytes", &counts->usage);
}

void cgroup_stats_huge_v1(const struct cgroup_tree *tree, struct cgroup_stats *stats)
{
	cgroup_stats_huge(tree, read_huge, stats);
}
