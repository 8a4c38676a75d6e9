/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The init stage: from a fresh process in new namespaces to the container's program, and its conversation with the
 * process that creates the container.
 *
 *	creator                                   init
 *	id maps
 *	INIT_GO                 ->
 *	                                          cgroups, namespaces, mounts, devices
 *	                        <-                INIT_HOOKS            (only if there are hooks to run)
 *	prestart, createRuntime
 *	INIT_GO                 ->
 *	                                          createContainer hooks, pivot_root, limits, filter, user
 *	                        <-                INIT_LISTENER         (with it, if the filter notifies)
 *	                        <-                INIT_READY            (with the terminal's master)
 *	state on record
 *	INIT_GO                 ->                                    (only if another process is to start it)
 *	INIT_START (or a byte in exec.fifo) ->
 *	                                          startContainer hooks, exec
 *	                        <-                end of file: the program runs;  INIT_ERROR: it does not
 *                                                 (on the socket, or by exec.news)
 *
 * Either side may die at any point: the other sees the end of the socket, init exits, the creator cleans up.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "runtime/namespace-join.h"
#include "runtime/container.h"
#include "runtime/hooks.h"
#include "runtime/rootfs.h"
#include "runtime/seccomp.h"
#include "runtime/spec.h"

enum init_message_type { INIT_GO = 1, INIT_HOOKS, INIT_LISTENER, INIT_READY, INIT_START, INIT_ERROR };

struct init_message {
	int type;
	struct error error; /* of INIT_ERROR */
};

/* Returns 0 or -errno (-EPIPE: the other side is gone). @fd of -1 sends none. */
int init_send(int sock, enum init_message_type type, const struct error *error, int fd);

/*
 * Wait for a message of type @wanted. The other side's INIT_ERROR becomes @err; its end is ERR_INTERNAL. *ret_fd (may be
 * NULL) gets the descriptor that came with it, or -1.
 */
int init_receive(int sock, enum init_message_type wanted, int *ret_fd, struct error *err);

/* After INIT_START: 0 once the program runs (the socket closes with exec), or the error of exec. */
int init_await_exec(int sock, struct error *err);

struct init_context {
	const struct spec *spec;
	const struct seccomp_filter *filter; /* NULL: none */
	struct namespace_fds namespaces;
	struct rootfs rootfs;
	int sync;
	int fifo, news;	  /* as in the state directory; -1: INIT_START and INIT_ERROR on @sync instead */
	int proc;	  /* procfs_open() of the host */
	int stdio[3];
	int preserve_fds;
	bool new_keyring;
	bool in_cgroup; /* the v2 one, by birth */
	struct container *container;
	struct hook_streams hook_streams;
	char **env; /* of home_complete() */
};

/* The init process' life. Never returns. */
_Noreturn void init_run(struct init_context *context);
