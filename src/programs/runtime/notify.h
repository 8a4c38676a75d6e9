/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NOTIFY_SOCKET: a service manager wants to hear when the container is ready. Its program finds a socket of ours at
 * /run/notify/notify.sock, and the same variable that names it; of what it says there, READY= goes on to the manager, with
 * the process to watch. Nothing else does: whoever is in a container says what he likes.
 *
 * Life cycle: notify_extend_spec() before the container is created; notify_open() before its program runs; then
 * notify_await(), or notify_serve() whenever the socket can be read; notify_close().
 *
 * Source: sd_notify(3), sd_notify_barrier(3); runc 1.1, which does it so.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "runtime/spec.h"

struct notify {
	int socket;	/* -1: nobody wants to hear anything, or all is said */
	pid_t main_pid; /* for the manager to watch */
};

/* Whether a service manager waits. Then the container is to be created with container_create_options.notify. */
bool notify_is_wanted(void);

/* Have the directory of the socket in the container, and its name in the environment. */
void notify_extend_spec(const char *root, const char *id, struct spec *spec);

/* Make the socket. Where it cannot be, that is logged, and the container does without. */
void notify_open(struct notify *notify, const char *root, const char *id);
void notify_close(struct notify *notify);
#define _cleanup_notify_ _cleanup_(notify_close)

/* Take what waits in the socket, and tell the manager once. */
void notify_serve(struct notify *notify);

/* Wait for the container to be ready, or to end: @pidfd, or -1 if it has ended by now. */
void notify_await(struct notify *notify, int pidfd);
