/* SPDX-License-Identifier: Apache-2.0 */
#include "programs/runtime/stats-json.h"

#include "base/json.h"
#include "base/util.h"

/* Most members are left out when they are 0: whoever reads them takes what is missing for that. */
static void add_unless_zero(struct json_object *object, const char *key, uint64_t value)
{
	if (value != 0)
		json_add_u64(object, key, value);
}

static void add_counts(struct json_object *object, const char *key, const struct cgroup_counts *counts)
{
	if (counts->count == 0)
		return;
	struct json_object *array = json_add_array(object, key);
	for (size_t i = 0; i < counts->count; i++)
		json_object_array_add(array, json_object_new_uint64(counts->values[i]));
}

static void add_pressure_line(struct json_object *object, const char *key, const struct cgroup_pressure_line *line)
{
	struct json_object *member = json_add_object(object, key);
	json_object_object_add(member, "avg10", json_object_new_double(line->avg10));
	json_object_object_add(member, "avg60", json_object_new_double(line->avg60));
	json_object_object_add(member, "avg300", json_object_new_double(line->avg300));
	json_add_u64(member, "total", line->total_us);
}

static void add_pressure(struct json_object *object, const struct cgroup_pressure *pressure)
{
	if (!pressure->set)
		return;
	struct json_object *member = json_add_object(object, "psi");
	add_pressure_line(member, "some", &pressure->some);
	add_pressure_line(member, "full", &pressure->full);
}

static void add_cpu(struct json_object *root, const struct cgroup_stats *stats)
{
	struct json_object *cpu = json_add_object(root, "cpu"), *usage = json_add_object(cpu, "usage");
	add_unless_zero(usage, "total", stats->cpu.total);
	add_counts(usage, "percpu", &stats->cpu.per_cpu);
	add_counts(usage, "percpu_kernel", &stats->cpu.per_cpu_kernel);
	add_counts(usage, "percpu_user", &stats->cpu.per_cpu_user);
	json_add_u64(usage, "kernel", stats->cpu.kernel);
	json_add_u64(usage, "user", stats->cpu.user);
	struct json_object *throttling = json_add_object(cpu, "throttling");
	add_unless_zero(throttling, "periods", stats->cpu.periods);
	add_unless_zero(throttling, "throttledPeriods", stats->cpu.throttled_periods);
	add_unless_zero(throttling, "throttledTime", stats->cpu.throttled);
	add_pressure(cpu, &stats->cpu.pressure);
}

static void add_cpuset(struct json_object *root, const struct cgroup_stats *stats)
{
	struct json_object *cpuset = json_add_object(root, "cpuset");
	add_counts(cpuset, "cpus", &stats->cpuset.cpus);
	json_add_u64(cpuset, "cpu_exclusive", stats->cpuset.cpu_exclusive);
	add_counts(cpuset, "mems", &stats->cpuset.mems);
	json_add_u64(cpuset, "mem_hardwall", stats->cpuset.mem_hardwall);
	json_add_u64(cpuset, "mem_exclusive", stats->cpuset.mem_exclusive);
	json_add_u64(cpuset, "memory_migrate", stats->cpuset.memory_migrate);
	json_add_u64(cpuset, "memory_spread_page", stats->cpuset.memory_spread_page);
	json_add_u64(cpuset, "memory_spread_slab", stats->cpuset.memory_spread_slab);
	json_add_u64(cpuset, "memory_pressure", stats->cpuset.memory_pressure);
	json_add_u64(cpuset, "sched_load_balance", stats->cpuset.sched_load_balance);
	json_add_i64(cpuset, "sched_relax_domain_level", stats->cpuset.sched_relax_domain_level);
}

static void add_memory_counts(struct json_object *memory, const char *key, const struct cgroup_memory_counts *counts)
{
	struct json_object *member = json_add_object(memory, key);
	json_add_u64(member, "limit", counts->limit);
	add_unless_zero(member, "usage", counts->usage);
	add_unless_zero(member, "max", counts->max);
	json_add_u64(member, "failcnt", counts->failures);
}

static void add_memory_events(struct json_object *memory, const struct cgroup_stats *stats)
{
	if (!stats->memory.has_events)
		return;
	struct json_object *events = json_add_object(memory, "event_count");
	json_add_u64(events, "low", stats->memory.events.low);
	json_add_u64(events, "high", stats->memory.events.high);
	json_add_u64(events, "max", stats->memory.events.max);
	json_add_u64(events, "oom", stats->memory.events.oom);
	json_add_u64(events, "oom_kill", stats->memory.events.oom_kill);
	json_add_u64(events, "oom_group_kill", stats->memory.events.oom_group_kill);
}

static void add_memory(struct json_object *root, const struct cgroup_stats *stats)
{
	struct json_object *memory = json_add_object(root, "memory");
	add_unless_zero(memory, "cache", stats->memory.cache);
	add_memory_counts(memory, "usage", &stats->memory.usage);
	add_memory_counts(memory, "swap", &stats->memory.swap);
	add_memory_counts(memory, "kernel", &stats->memory.kernel);
	add_memory_counts(memory, "kernelTCP", &stats->memory.kernel_tcp);
	struct json_object *raw = stats->memory.n_raw ? json_add_object(memory, "raw") : NULL;
	for (size_t i = 0; i < stats->memory.n_raw; i++)
		json_add_u64(raw, stats->memory.raw[i].name, stats->memory.raw[i].value);
	add_pressure(memory, &stats->memory.pressure);
	add_memory_events(memory, stats);
}

static void add_pids(struct json_object *root, const struct cgroup_stats *stats)
{
	struct json_object *pids = json_add_object(root, "pids");
	add_unless_zero(pids, "current", stats->pids.current);
	add_unless_zero(pids, "limit", stats->pids.limit);
}

static struct json_object *block_count(const struct cgroup_block_count *count)
{
	struct json_object *object = json_object_new_object();
	add_unless_zero(object, "major", count->major);
	add_unless_zero(object, "minor", count->minor);
	json_add_string(object, "op", count->operation);
	add_unless_zero(object, "value", count->value);
	return object;
}

static void add_block(struct json_object *root, const struct cgroup_stats *stats)
{
	static const char *const keys[CGROUP_BLOCK_KINDS] = {
		[CGROUP_BLOCK_BYTES] = "ioServiceBytesRecursive",
		[CGROUP_BLOCK_OPERATIONS] = "ioServicedRecursive",
		[CGROUP_BLOCK_QUEUED] = "ioQueueRecursive",
		[CGROUP_BLOCK_SERVICE_TIME] = "ioServiceTimeRecursive",
		[CGROUP_BLOCK_WAIT_TIME] = "ioWaitTimeRecursive",
		[CGROUP_BLOCK_MERGED] = "ioMergedRecursive",
		[CGROUP_BLOCK_TIME] = "ioTimeRecursive",
		[CGROUP_BLOCK_SECTORS] = "sectorsRecursive",
	};
	struct json_object *block = json_add_object(root, "blkio");
	for (size_t kind = 0; kind < ARRAY_SIZE(keys); kind++) {
		const struct cgroup_block_counts *counts = &stats->block[kind];
		struct json_object *array = counts->count ? json_add_array(block, keys[kind]) : NULL;
		for (size_t i = 0; i < counts->count; i++)
			json_object_array_add(array, block_count(&counts->list[i]));
	}
	add_pressure(block, &stats->block_pressure);
}

static void add_huge(struct json_object *root, const struct cgroup_stats *stats)
{
	struct json_object *huge = json_add_object(root, "hugetlb");
	for (size_t i = 0; i < stats->n_huge; i++) {
		struct json_object *size = json_add_object(huge, stats->huge[i].page_size);
		add_unless_zero(size, "usage", stats->huge[i].usage);
		add_unless_zero(size, "max", stats->huge[i].max);
		json_add_u64(size, "failcnt", stats->huge[i].failures);
	}
}

struct json_object *stats_to_json(const struct cgroup_stats *stats)
{
	struct json_object *root = json_object_new_object();
	add_cpu(root, stats);
	add_cpuset(root, stats);
	add_memory(root, stats);
	add_pids(root, stats);
	add_block(root, stats);
	add_huge(root, stats);
	/* Always there, and of no use: what runc counts there are resources of other kinds than the specification's. */
	(void)json_add_object(root, "intel_rdt");
	json_object_object_add(root, "network_interfaces", NULL);
	return root;
}
