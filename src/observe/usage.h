/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a control group has used, and how often it ran against its limits, by the kernel's names whatever the version of
 * cgroups. What the kernel does not say is not there: it is never 0.
 *
 * Sources: cgroup-v2.rst; cgroup-v1/{cpuacct,memory,pids}.rst; accounting/psi.rst; proc_pid_stat(5).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "runtime/cgroup-stats.h"

/* A file of "name value" lines; of none that is there. */
struct counters {
	struct cgroup_named_count *list;
	size_t count;
};

struct usage {
	int64_t time_ns; /* of the look, on the monotonic clock */
	struct cgroup_stats kernel;
	struct counters cpu;	/* cpu.stat */
	struct counters
		memory; /* memory.events; v1: memory.oom_control, and "max" of memory.failcnt; workingset_refault_* */
	struct counters pids;	/* pids.events */
};

/* Errors: those of cgroup_read_stats(). */
int usage_read(const struct cgroup *cgroup, struct usage *ret, struct error *err);
void usage_done(struct usage *usage);
#define _cleanup_usage_ _cleanup_(usage_done)

bool counters_find(const struct counters *counters, const char *name, uint64_t *ret);

/* Nanoseconds for which it was throttled. */
bool usage_throttled_ns(const struct usage *usage, uint64_t *ret);

enum usage_memory {
	USAGE_ANON,   /* of programs themselves */
	USAGE_FILE,   /* the cache of files, shmem in it */
	USAGE_SHMEM,  /* tmpfs and shared memory, which only swap could take away */
	USAGE_KERNEL, /* all that the kernel needs for it, the next three in it */
	USAGE_SLAB,
	USAGE_STACKS,
	USAGE_PAGE_TABLES,
	USAGE_SOCKETS,
	USAGE_RECLAIMABLE, /* what can be taken away without harm: files not used lately, slab that only caches */
	USAGE_SWAP,
	USAGE_PEAK,
	USAGE_MEMORY_COUNT
};

/* Bytes. */
bool usage_memory(const struct usage *usage, enum usage_memory part, uint64_t *ret);

/* --- threads.c --- */

/* A thread, how much CPU time it has had, and where it was seen last. */
struct thread_use {
	uint64_t tid;
	uint64_t start; /* which makes the id unambiguous */
	uint64_t cpu_ns;
	unsigned cpu;
};

struct thread_uses {
	struct thread_use *list;
	size_t count;
};

/* Of all processes in it that we can see: the kernel's v2 counters know no single CPU. */
int threads_read(struct cgroup *cgroup, struct thread_uses *ret, struct error *err);
void threads_done(struct thread_uses *threads);
