/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flight recorder: what will be wanted when somebody asks later why a container was slow, or why it died. Its files
 * lie in the plan's directory of records (ROOT/records/ID), are those of the last run, and are bounded in size:
 *
 *	start.json   the limits of the container's cgroup and the counters of each above it, before the program runs
 *	ring         RECORDER_SLOTS samples of 10 s each, struct recorder_sample, the oldest overwritten; not there before the first
 *	signals      a line for each signal that coffer sent: time, signal, why
 *	oom.log      a line for each time that the kernel ran out of memory for it, and of whom it killed then
 *	last.json    as start.json, before the cgroup goes, and how it ended (status.json's members)
 *	health.json  see monitor/health.h
 *
 * Counters are objects of the kernel's own keys, by the kernel's own names of files; what a kernel does not have is left
 * out. All of it is best effort: nothing here stops a container, and a file that cannot be written is a line in our log.
 */
#pragma once

#include <stdint.h>

enum {
	RECORDER_SLOTS = 60,
	RECORDER_INTERVAL_MS = 10 * 1000,
	RECORDER_LINES_MAX = 256, /* of signals and oom.log, each */
};

/* In the machine's byte order. A slot whose time is 0 was not written yet. Sizes are bytes. */
struct recorder_sample {
	int64_t time_ns; /* since the epoch */
	uint64_t memory_current, memory_anon, memory_shmem, memory_inactive_file;
	uint64_t cpu_usage_ns, cpu_periods, cpu_throttled_periods, cpu_throttled_ns;
	uint64_t pids_current;
	uint64_t pressure_cpu_us, pressure_memory_us, pressure_io_us; /* "some", total */
	uint64_t reserved[3];
};
_Static_assert(sizeof(struct recorder_sample) == 128, "the ring is read by others");
