/* SPDX-License-Identifier: Apache-2.0 */
/* One probe of a health check, in a process of its own. */
#pragma once

#include "monitor/health.h"
#include "runtime/container.h"

/* What that process and the monitor share. */
struct probe {
	volatile pid_t program; /* leads a process group; 0: none now */
	volatile bool done;	/* what follows is complete */
	bool skipped;		/* the container is paused */
	int exit_code;		/* -1: could not be run, or took too long */
	char output[HEALTH_OUTPUT_MAX + 64];
};

/* NULL if there is no memory. */
struct probe *probe_new(void);
void probe_free(struct probe *probe);

/* Returns the pid, our child, or -errno. It ends by itself soon after the plan's timeout, if it is not held up. */
pid_t probe_start(struct probe *probe, struct container *container, const struct health_plan *plan);

/* The process and its program. It is still to be collected. */
void probe_kill(struct probe *probe, pid_t pid);
