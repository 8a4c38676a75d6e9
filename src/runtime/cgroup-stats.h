/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel counted in a cgroup, whatever its version. What a kernel does not count is 0, an empty list or not
 * set. Times are nanoseconds, sizes are bytes.
 *
 * Sources: cgroup-v2.rst; cgroup-v1/{cpuacct,memory,blkio-controller,hugetlb,pids}.rst; accounting/psi.rst.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "runtime/cgroup.h"

struct cgroup_pressure_line {
	double avg10, avg60, avg300; /* per cent of the last so many seconds */
	uint64_t total_us;
};

struct cgroup_pressure {
	bool set;
	struct cgroup_pressure_line some, full;
};

struct cgroup_counts {
	uint64_t *values;
	size_t count;
};

/* One resource of the memory controller. UINT64_MAX is v2's "no limit"; v1 shows its own large number. */
struct cgroup_memory_counts {
	uint64_t limit, usage, max, failures;
};

struct cgroup_named_count {
	char *name;
	uint64_t value;
};

struct cgroup_block_count {
	uint64_t major, minor;
	const char *operation; /* "Read", "Write", ...; NULL: of no kind */
	uint64_t value;
};

enum cgroup_block_kind {
	CGROUP_BLOCK_BYTES,
	CGROUP_BLOCK_OPERATIONS,
	CGROUP_BLOCK_QUEUED, /* this and the next are v1's, with the BFQ scheduler */
	CGROUP_BLOCK_SERVICE_TIME,
	CGROUP_BLOCK_WAIT_TIME,
	CGROUP_BLOCK_MERGED,
	CGROUP_BLOCK_TIME,
	CGROUP_BLOCK_SECTORS,
	CGROUP_BLOCK_KINDS,
};

struct cgroup_block_counts {
	struct cgroup_block_count *list;
	size_t count;
};

struct cgroup_huge_counts {
	char page_size[16]; /* "2MB" */
	uint64_t usage, max, failures;
};

struct cgroup_stats {
	struct {
		uint64_t total, user, kernel;
		struct cgroup_counts per_cpu, per_cpu_user, per_cpu_kernel; /* v1 */
		uint64_t periods, throttled_periods, throttled;
		struct cgroup_pressure pressure;
	} cpu;
	struct {
		struct cgroup_counts cpus, mems; /* v1, and so what follows */
		uint64_t cpu_exclusive, mem_hardwall, mem_exclusive, memory_migrate, memory_spread_page,
			memory_spread_slab, memory_pressure, sched_load_balance;
		int64_t sched_relax_domain_level;
	} cpuset;
	struct {
		struct cgroup_memory_counts usage;
		struct cgroup_memory_counts swap;		/* memory and swap together, as v1 counts */
		struct cgroup_memory_counts kernel, kernel_tcp; /* v1 */
		uint64_t cache;
		struct cgroup_named_count *raw; /* memory.stat */
		size_t n_raw;
		bool has_events; /* v2 */
		struct {
			uint64_t low, high, max, oom, oom_kill, oom_group_kill;
		} events;
		struct cgroup_pressure pressure;
	} memory;
	struct {
		uint64_t current, limit; /* 0: no limit */
	} pids;
	struct cgroup_block_counts block[CGROUP_BLOCK_KINDS];
	struct cgroup_pressure block_pressure;
	struct cgroup_huge_counts *huge;
	size_t n_huge;
	struct {
		bool memory, pids, block; /* else there is no controller, and its zeros say nothing */
	} counted;
};

/* Errors: ERR_UNSUPPORTED if the cgroup is in no tree at all. */
int cgroup_read_stats(const struct cgroup *cgroup, struct cgroup_stats *ret, struct error *err);
void cgroup_stats_done(struct cgroup_stats *stats);
#define _cleanup_cgroup_stats_ _cleanup_(cgroup_stats_done)

/*
 * Being told when the kernel kills for memory:
 *  1. cgroup_oom_watch_open();
 *  2. poll() `fd` for `poll_events`;
 *  3. cgroup_oom_watch_take() says how often it has happened since the last call: 0 is an answer too;
 *  4. cgroup_oom_watch_close().
 * Errors: ERR_CG_CTRL where there is no memory controller, ERR_UNSUPPORTED where it cannot notify.
 */
struct cgroup_oom_watch {
	int fd;
	short poll_events;
	uint64_t seen; /* v2 */
	int directory; /* v1: of the cgroup; the caller's */
	bool v2;
};
int cgroup_oom_watch_open(const struct cgroup *cgroup, struct cgroup_oom_watch *ret, struct error *err);
uint64_t cgroup_oom_watch_take(struct cgroup_oom_watch *watch);
void cgroup_oom_watch_close(struct cgroup_oom_watch *watch);
#define _cleanup_oom_watch_ _cleanup_(cgroup_oom_watch_close)
