/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/stats.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/live.h"
#include "runtime/cgroup-stats.h"
#include "runtime/container.h"

/* --- Network --- */

static int add_network(pid_t pid, struct container_stats *stats, struct error *err)
{
	int r = interfaces_read(pid, &stats->interfaces, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < stats->interfaces.count; i++) {
		stats->received_bytes += stats->interfaces.list[i].received.bytes;
		stats->sent_bytes += stats->interfaces.list[i].sent.bytes;
	}
	return 0;
}

/* --- Control group --- */

/* v1 has the word for the whole tree with a prefix, and without one for what is in no sub-cgroup. */
static uint64_t unused_cache(const struct cgroup_stats *counts)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < counts->memory.n_raw; i++) {
		const struct cgroup_named_count *one = &counts->memory.raw[i];
		if (streq(one->name, "total_inactive_file"))
			return one->value;
		if (streq(one->name, "inactive_file"))
			bytes = one->value;
	}
	return bytes;
}

static void add_memory(const struct cgroup_stats *counts, struct container_stats *stats)
{
	uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t usage = counts->memory.usage.usage, limit = counts->memory.usage.limit, cache = unused_cache(counts);
	stats->memory = cache < usage ? usage - cache : usage;
	stats->memory_limit = limit == 0 ? machine : MIN(limit, machine);
}

static void add_block(const struct cgroup_stats *counts, struct container_stats *stats)
{
	const struct cgroup_block_counts *bytes = &counts->block[CGROUP_BLOCK_BYTES];
	for (size_t i = 0; i < bytes->count; i++) {
		const struct cgroup_block_count *one = &bytes->list[i];
		if (streq_null(one->operation, "Read"))
			stats->read_bytes += one->value;
		else if (streq_null(one->operation, "Write"))
			stats->written_bytes += one->value;
	}
}

static int add_counts(const struct container *container, struct container_stats *stats, struct error *err)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	int r = container_open_cgroup(container, &cgroup, err);
	if (r < 0 || (r = usage_read(cgroup, &stats->usage, err)) < 0)
		return r;
	const struct cgroup_stats *counts = &stats->usage.kernel;
	stats->cgroup = mem_strdup(cgroup_path(cgroup));
	stats->time_ns = stats->usage.time_ns;
	stats->cpu_ns = counts->cpu.total;
	stats->pids = counts->pids.current;
	add_memory(counts, stats);
	add_block(counts, stats);
	return 0;
}

/* --- */

int container_stats_read(struct engine *engine, const struct container_record *record, struct container_stats *ret)
{
	_cleanup_container_ struct container *container = NULL;
	struct container_stats stats = { 0 };
	struct error why = { 0 };
	if (record->pid == 0)
		return 0;
	int r = live_load(engine, record->id, &container, &why);
	if (r >= 0)
		r = add_counts(container, &stats, &why);
	if (r >= 0 && !strv_contains(record->networks, "host"))
		r = add_network(container->pid, &stats, &why);
	if (r < 0) {
		log_failure(LOG_LEVEL_DEBUG, "measure a container", &why);
		container_stats_done(&stats);
		return 0;
	}
	*ret = stats;
	return 1;
}

void container_stats_done(struct container_stats *stats)
{
	usage_done(&stats->usage);
	interfaces_done(&stats->interfaces);
	free(TAKE_PTR(stats->cgroup));
}

int container_cgroup_open(struct engine *engine, const struct container_record *record, struct cgroup **ret,
			  struct error *err)
{
	_cleanup_container_ struct container *container = NULL;
	if (record->pid == 0)
		return err_set(err, ERR_STATE, "container \"%s\" is not running", record->name);
	int r = live_load(engine, record->id, &container, err);
	return r < 0 ? r : container_open_cgroup(container, ret, err);
}

int container_threads_read(struct engine *engine, const struct container_record *record, struct thread_uses *ret)
{
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	return container_cgroup_open(engine, record, &cgroup, NULL) >= 0 && threads_read(cgroup, ret, NULL) >= 0;
}
