/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of processors and of the kernel, counted in a control group for a while.
 * Source: perf_event_open(2).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "runtime/cgroup.h"

struct perf_event {
	const char *name; /* as perf-list(1) has it; NULL ends a table */
	uint32_t type;
	uint64_t config;
	bool is_time; /* it counts nanoseconds */
};

/* Software events first; those of processors are not there on every machine. */
extern const struct perf_event PERF_EVENTS[];

/* NULL if there is none of this name. */
const struct perf_event *perf_event_find(const char *name);

struct perf_counter {
	const struct perf_event *event;
	int *fds; /* one for each CPU; NULL: it cannot be counted here */
	size_t n_fds;
};

struct perf_counters {
	struct perf_counter *list;
	size_t count;
};

/*
 * Start to count @events (NULL-terminated). What this machine cannot count is in the list, without fds. Errors:
 * ERR_UNSUPPORTED, where the cgroup is in no hierarchy that events are counted by; ERR_PERMISSION.
 */
int perf_open(const struct cgroup *cgroup, const struct perf_event *const *events, struct perf_counters *ret,
	      struct error *err);

/* Over all CPUs, scaled up if the counters had to be shared; false if it cannot be counted here. */
bool perf_read(const struct perf_counter *counter, uint64_t *ret);
void perf_close(struct perf_counters *counters);
#define _cleanup_perf_ _cleanup_(perf_close)
