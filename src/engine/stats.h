/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container has used, for `stats`.
 *
 * Source: docs.docker.com/reference/cli/docker/container/stats; cgroup-v2.rst and cgroup-v1/memory.rst (the cache that is
 * not in use); proc_pid_net(5), "dev".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"
#include "observe/interfaces.h"
#include "observe/usage.h"

struct container_stats {
	int64_t time_ns; /* of the look, on the monotonic clock */
	uint64_t cpu_ns;
	uint64_t memory;       /* bytes, without files in the cache that nobody has used lately */
	uint64_t memory_limit; /* its own, or all that the machine has */
	uint64_t read_bytes, written_bytes;
	uint64_t received_bytes, sent_bytes; /* 0 with the host's network, which is not its own */
	uint64_t pids;
	struct usage usage;	      /* what else the kernel says */
	struct interfaces interfaces; /* none with the host's network */
	char *cgroup;		      /* its path in every hierarchy */
};

/* 1, or 0 if nothing is known: it does not run, or has no control group. container_stats_done() it. */
int container_stats_read(struct engine *engine, const struct container_record *record, struct container_stats *ret);
void container_stats_done(struct container_stats *stats);
#define _cleanup_container_stats_ _cleanup_(container_stats_done)

/* The control group of one that runs. cgroup_free() it. Errors: ERR_STATE. */
int container_cgroup_open(struct engine *engine, const struct container_record *record, struct cgroup **ret,
			  struct error *err);

/* Its threads; the same returns. threads_done() them. */
int container_threads_read(struct engine *engine, const struct container_record *record, struct thread_uses *ret);
