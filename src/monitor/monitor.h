/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One running container's supervisor, as a function: program coffer-monitor is a thin main() around it.
 *
 *  1. Waits for PACKET_PLAN, reads config.json and monitor.json in @dir, becomes a subreaper in a session of its own.
 *  2. Mounts the root filesystem (storage/), creates the container (runtime/): PACKET_CREATED or PACKET_ERROR.
 *  3. On PACKET_START (or at once with @start) starts it: PACKET_STARTED or PACKET_ERROR.
 *  4. Serves its streams or terminal, its log, its peers; reaps.
 *  5. When the first process has ended: kills what is left in the cgroup, drains the output, deletes the container,
 *     writes status.json, sends PACKET_EXIT, and runs the plan's cleanup unless an owner is connected.
 *
 * One thread, one epoll loop; no memory is allocated while the container runs.
 *
 * What else can happen:
 *  - SIGTERM or SIGINT to the monitor is passed on as the container's stop signal; the container decides when it ends.
 *    Before PACKET_START they end it, as does the starter's disappearance when nobody else is connected.
 *  - An owner that disappears leaves the container running; the monitor then owns the end.
 *  - A monitor that is killed leaves a free lock and, maybe, a running container: see monitor_remains_clear().
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "monitor/protocol.h"

struct monitor_options {
	const char *path; /* RUNROOT/containers/ID, absolute */
	int dir;	  /* the same, open */
	int control;	  /* the starter's connection, or -1; taken over */
	int lock;	  /* the held lock, which is released when the end is recorded, or -1 */
	bool has_userns;  /* MONITOR_USERNS_FD is open */
	int n_sockets;	  /* from MONITOR_RELAY_FD up: those of plan.relay, and perhaps others' behind them */
	bool start;	  /* do not wait for PACKET_START */
};

/* Runs until the container has ended. Returns its exit code or a negative code. */
int monitor_run(const struct monitor_options *options, struct error *err);

/*
 * Clear away a container whose monitor is dead: its processes, cgroup, runtime state, and attach socket. @dir is its run
 * directory, whose lock the caller holds. *ret_status, which is also written to status.json, says how it ended:
 *  - as the monitor recorded it, if it came so far;
 *  - as the kernel still knows it, for a process that was alive until now (its signal is then ours, mostly);
 *  - else exit code 255, with an error that says why nobody knows.
 */
int monitor_remains_clear(int dir, const char *runtime_root, const char *id, struct monitor_status *ret_status,
			  struct error *err);
