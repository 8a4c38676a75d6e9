/* SPDX-License-Identifier: Apache-2.0 */
/* What the recorder reads of a cgroup, of those above it, and of the host. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "monitor/death.h"
#include "runtime/cgroup.h"

/*
 * "host" and "levels" as members of @object; the container's own level is the first, the root the last. Before the start
 * its own counters are all zeros, and left out. @host_kills: as host_kills_read() had it just before, for that is a long file.
 */
void counters_to_json(const struct cgroup *cgroup, bool last, uint64_t host_kills, struct json_object *object);

/* How often memory ran out, as far as the kernel counts it by place. */
struct oom_counts {
	uint64_t own, parents, host;
	bool own_is_gone; /* with its cgroup, which systemd removes as soon as nobody is in it */
};
struct oom_counts oom_counts_read(const struct cgroup *cgroup);
uint64_t host_kills_read(void);

/* Where it did between two readings: the lowest place; that of the container, if its is gone and it was none above. */
enum oom_level oom_counts_level(const struct oom_counts *before, const struct oom_counts *after);
