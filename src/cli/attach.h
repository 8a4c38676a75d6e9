/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between our standard streams and a running container, over a connection to its monitor (monitor/protocol.h).
 *
 *	attach_new()     1. before the container is started: from here on, signals that are forwarded wait for it
 *	attach_run()     2. until it has ended, or the keys to detach were typed
 *	attach_free()    3. signals and terminal are ours again
 *
 * Invariants:
 *  A1  Nothing here waits but poll(): a reader of our output that has stopped holds up the container's output (that is
 *      how pipes work), and never signals, window sizes or input.
 *  A2  Signals do not go over the connection, on which they would wait behind input that nobody reads; the window's
 *      size goes before input.
 *  A3  Our terminal is as it was when attach_run() returns, and when we die of a signal.
 *  A4  When whoever reads our output has left (EPIPE), so do we, as every program in a pipe does; the container goes on.
 */
#pragma once

#include <stdbool.h>

#include "base/cleanup.h"
#include "cli/detach-keys.h"
#include "monitor/protocol.h"

struct attach_options {
	bool input;	       /* forward our standard input */
	bool tty;	       /* the container has a terminal: ours becomes raw, if standard input is one */
	bool sig_proxy;	       /* forward signals, by send_signal() */
	bool no_stdout, no_stderr; /* not to be printed */
	void (*send_signal)(void *context, int sig);
	void *context;
	struct detach_keys detach_keys;
};

enum attach_end {
	ATTACH_EXITED,	 /* `status` says how */
	ATTACH_DETACHED, /* the container goes on */
	ATTACH_HUNG_UP,	 /* our terminal is gone; the container was told, and may go on */
	ATTACH_UNREAD,	 /* nobody reads our output any more; the container goes on */
	ATTACH_LOST,	 /* the monitor closed the connection without a word */
};

struct attach_result {
	enum attach_end end;
	bool stalled; /* our reader was slower than monitors put up with (M3), which is why the connection may be lost */
	struct monitor_status status;
};

struct attach;

int attach_new(const struct attach_options *options, struct attach **ret, struct error *err);
void attach_free(struct attach *attach);
DEFINE_CLEANUP(struct attach *, attach_free);
#define _cleanup_attach_ _cleanup_(attach_freep)

/* @connection stays the caller's. Errors: ERR_TTY; what the monitor reports instead of an end. */
int attach_run(struct attach *attach, int connection, struct attach_result *ret, struct error *err);
