/* SPDX-License-Identifier: Apache-2.0 */
#include "observe/metrics.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "base/util.h"

/* Where samples go: of one metric, and of one container. */
struct sink {
	struct str *out;
	const char *metric;
	const struct metrics_subject *subject;
};

/* --- The format --- */

static void put_label(struct str *out, const char *name, const char *value)
{
	str_appendf(out, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\n') {
			str_append(out, "\\n");
			continue;
		}
		if (*value == '"' || *value == '\\')
			str_append_char(out, '\\');
		str_append_char(out, *value);
	}
	str_append_char(out, '"');
}

static void put(const struct sink *sink, const char *label, const char *label_value, double value)
{
	const struct metrics_subject *subject = sink->subject;
	str_appendf(sink->out, "%s{", sink->metric);
	if (label) {
		put_label(sink->out, label, label_value);
		str_append_char(sink->out, ',');
	}
	put_label(sink->out, "container_id", subject->id);
	str_append_char(sink->out, ',');
	put_label(sink->out, "id", subject->cgroup);
	str_append_char(sink->out, ',');
	put_label(sink->out, "image", subject->image);
	str_append_char(sink->out, ',');
	put_label(sink->out, "name", subject->name);
	str_appendf(sink->out, "} %.15g\n", value);
}

static double seconds(uint64_t ns)
{
	return (double)ns / (double)NSEC_PER_SEC;
}

/* --- Processors --- */

static void cpu_usage(const struct sink *sink, size_t which)
{
	put(sink, "cpu", "total", seconds(sink->subject->usage->kernel.cpu.total));
}

static void cpu_user(const struct sink *sink, size_t which)
{
	put(sink, NULL, NULL, seconds(sink->subject->usage->kernel.cpu.user));
}

static void cpu_system(const struct sink *sink, size_t which)
{
	put(sink, NULL, NULL, seconds(sink->subject->usage->kernel.cpu.kernel));
}

static void cpu_counter(const struct sink *sink, size_t which)
{
	static const char *const names[] = { "nr_periods", "nr_throttled" };
	uint64_t value;
	if (counters_find(&sink->subject->usage->cpu, names[which], &value))
		put(sink, NULL, NULL, (double)value);
}

static void cpu_throttled(const struct sink *sink, size_t which)
{
	uint64_t ns;
	if (usage_throttled_ns(sink->subject->usage, &ns))
		put(sink, NULL, NULL, seconds(ns));
}

/* --- Memory --- */

static void memory_usage(const struct sink *sink, size_t which)
{
	const struct cgroup_stats *kernel = &sink->subject->usage->kernel;
	if (kernel->counted.memory)
		put(sink, NULL, NULL, (double)kernel->memory.usage.usage);
}

static bool inactive_file(const struct usage *usage, uint64_t *ret)
{
	bool found = false;
	for (size_t i = 0; i < usage->kernel.memory.n_raw; i++) {
		const struct cgroup_named_count *one = &usage->kernel.memory.raw[i];
		bool whole = streq(one->name, "total_inactive_file"); /* v1: of the sub-tree */
		if (!whole && (found || !streq(one->name, "inactive_file")))
			continue;
		*ret = one->value;
		found = true;
	}
	return found;
}

/* As the kubelet computes what it evicts by. */
static void memory_working_set(const struct sink *sink, size_t which)
{
	uint64_t usage = sink->subject->usage->kernel.memory.usage.usage, cache = 0;
	if (inactive_file(sink->subject->usage, &cache))
		put(sink, NULL, NULL, cache < usage ? (double)(usage - cache) : 0);
}

static void memory_part(const struct sink *sink, size_t which)
{
	uint64_t bytes;
	if (usage_memory(sink->subject->usage, (enum usage_memory)which, &bytes))
		put(sink, NULL, NULL, (double)bytes);
}

/* cAdvisor's word for no limit is 0. */
static void memory_limit(const struct sink *sink, size_t which)
{
	const struct cgroup_stats *kernel = &sink->subject->usage->kernel;
	uint64_t limit = kernel->memory.usage.limit;
	if (kernel->counted.memory)
		put(sink, NULL, NULL, limit >= INT64_MAX - UINT16_MAX ? 0 : (double)limit);
}

static void memory_counter(const struct sink *sink, size_t which)
{
	uint64_t value;
	if (counters_find(&sink->subject->usage->memory, "oom_kill", &value))
		put(sink, NULL, NULL, (double)value);
}

/* --- Processes --- */

static void processes(const struct sink *sink, size_t which)
{
	if (sink->subject->usage->kernel.counted.pids)
		put(sink, NULL, NULL, (double)sink->subject->usage->kernel.pids.current);
}

static void processes_limit(const struct sink *sink, size_t which)
{
	if (sink->subject->usage->kernel.counted.pids)
		put(sink, NULL, NULL, (double)sink->subject->usage->kernel.pids.limit);
}

static void started_at(const struct sink *sink, size_t which)
{
	put(sink, NULL, NULL, sink->subject->started_at);
}

/* --- Disks --- */

static void disks(const struct sink *sink, enum cgroup_block_kind kind, const char *operation)
{
	const struct cgroup_block_counts *counts = &sink->subject->usage->kernel.block[kind];
	for (size_t i = 0; i < counts->count; i++) {
		char device[48];
		if (!streq_null(counts->list[i].operation, operation))
			continue;
		snprintf(device, sizeof device, "%" PRIu64 ":%" PRIu64, counts->list[i].major, counts->list[i].minor);
		put(sink, "device", device, (double)counts->list[i].value);
	}
}

static void disks_read(const struct sink *sink, size_t which)
{
	disks(sink, (enum cgroup_block_kind)which, "Read");
}

static void disks_written(const struct sink *sink, size_t which)
{
	disks(sink, (enum cgroup_block_kind)which, "Write");
}

/* --- Network: @which is the offset of the counter in a struct interface --- */

static void network(const struct sink *sink, size_t which)
{
	const struct interfaces *interfaces = sink->subject->interfaces;
	for (size_t i = 0; i < interfaces->count; i++) {
		const struct interface *one = &interfaces->list[i];
		put(sink, "interface", one->name, (double)*(const uint64_t *)((const char *)one + which));
	}
}

/* --- Pressure: @which is the offset of the resource in a struct cgroup_stats --- */

static const struct cgroup_pressure *pressure(const struct sink *sink, size_t which)
{
	return (const struct cgroup_pressure *)((const char *)&sink->subject->usage->kernel + which);
}

static void waiting(const struct sink *sink, size_t which)
{
	if (pressure(sink, which)->set)
		put(sink, NULL, NULL, seconds(pressure(sink, which)->some.total_us * 1000));
}

static void stalled(const struct sink *sink, size_t which)
{
	if (pressure(sink, which)->set)
		put(sink, NULL, NULL, seconds(pressure(sink, which)->full.total_us * 1000));
}

/* --- All of them --- */

#define NETWORK(member) network, offsetof(struct interface, member)
#define PRESSURE_OF(member) offsetof(struct cgroup_stats, member)

static const struct metric {
	const char *name, *type, *help;
	void (*put)(const struct sink *sink, size_t which);
	size_t which;
} METRICS[] = {
	{ "container_cpu_usage_seconds_total", "counter", "CPU time used.", cpu_usage, 0 },
	{ "container_cpu_user_seconds_total", "counter", "CPU time used by programs.", cpu_user, 0 },
	{ "container_cpu_system_seconds_total", "counter", "CPU time used by the kernel for them.", cpu_system, 0 },
	{ "container_cpu_cfs_periods_total", "counter", "Periods in which a limit of CPU time held.", cpu_counter, 0 },
	{ "container_cpu_cfs_throttled_periods_total", "counter", "Periods in which the limit was used up.",
	  cpu_counter, 1 },
	{ "container_cpu_cfs_throttled_seconds_total", "counter", "Time for which it was throttled.", cpu_throttled,
	  0 },
	{ "container_memory_usage_bytes", "gauge", "Memory charged, caches included.", memory_usage, 0 },
	{ "container_memory_working_set_bytes", "gauge", "Memory without files not used lately.", memory_working_set,
	  0 },
	{ "container_memory_rss", "gauge", "Anonymous memory.", memory_part, USAGE_ANON },
	{ "container_memory_cache", "gauge", "Cache of files, shared memory in it.", memory_part, USAGE_FILE },
	{ "container_memory_swap", "gauge", "Memory swapped out.", memory_part, USAGE_SWAP },
	{ "container_memory_max_usage_bytes", "gauge", "The most memory that was charged.", memory_part, USAGE_PEAK },
	{ "container_spec_memory_limit_bytes", "gauge", "Memory limit; 0 is none.", memory_limit, 0 },
	{ "container_oom_events_total", "counter", "Processes killed for memory.", memory_counter, 0 },
	{ "container_threads", "gauge", "Processes and threads.", processes, 0 },
	{ "container_threads_max", "gauge", "How many there may be; 0 is no limit.", processes_limit, 0 },
	{ "container_start_time_seconds", "gauge", "When it was started, since the epoch.", started_at, 0 },
	{ "container_fs_reads_bytes_total", "counter", "Bytes read from disks.", disks_read, CGROUP_BLOCK_BYTES },
	{ "container_fs_writes_bytes_total", "counter", "Bytes written to disks.", disks_written, CGROUP_BLOCK_BYTES },
	{ "container_fs_reads_total", "counter", "Reads from disks.", disks_read, CGROUP_BLOCK_OPERATIONS },
	{ "container_fs_writes_total", "counter", "Writes to disks.", disks_written, CGROUP_BLOCK_OPERATIONS },
	{ "container_network_receive_bytes_total", "counter", "Bytes received.", NETWORK(received.bytes) },
	{ "container_network_receive_packets_total", "counter", "Packets received.", NETWORK(received.packets) },
	{ "container_network_receive_errors_total", "counter", "Errors in receiving.", NETWORK(received.errors) },
	{ "container_network_receive_packets_dropped_total", "counter", "Packets dropped when they came in.",
	  NETWORK(received.dropped) },
	{ "container_network_transmit_bytes_total", "counter", "Bytes sent.", NETWORK(sent.bytes) },
	{ "container_network_transmit_packets_total", "counter", "Packets sent.", NETWORK(sent.packets) },
	{ "container_network_transmit_errors_total", "counter", "Errors in sending.", NETWORK(sent.errors) },
	{ "container_network_transmit_packets_dropped_total", "counter", "Packets dropped instead of being sent.",
	  NETWORK(sent.dropped) },
	{ "container_pressure_cpu_waiting_seconds_total", "counter", "Time for which somebody waited for a CPU.",
	  waiting, PRESSURE_OF(cpu.pressure) },
	{ "container_pressure_cpu_stalled_seconds_total", "counter", "Time for which everybody waited for a CPU.",
	  stalled, PRESSURE_OF(cpu.pressure) },
	{ "container_pressure_memory_waiting_seconds_total", "counter", "Time for which somebody waited for memory.",
	  waiting, PRESSURE_OF(memory.pressure) },
	{ "container_pressure_memory_stalled_seconds_total", "counter", "Time for which everybody waited for memory.",
	  stalled, PRESSURE_OF(memory.pressure) },
	{ "container_pressure_io_waiting_seconds_total", "counter", "Time for which somebody waited for a disk.",
	  waiting, PRESSURE_OF(block_pressure) },
	{ "container_pressure_io_stalled_seconds_total", "counter", "Time for which everybody waited for a disk.",
	  stalled, PRESSURE_OF(block_pressure) },
};

/* The samples of a metric stand together, below what they are. */
void metrics_write(const struct metrics_subject *subjects, size_t count, struct str *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(METRICS); i++) {
		const struct metric *metric = &METRICS[i];
		str_appendf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
			    metric->type);
		for (size_t k = 0; k < count; k++)
			metric->put(&(const struct sink){ out, metric->name, &subjects[k] }, metric->which);
	}
}
