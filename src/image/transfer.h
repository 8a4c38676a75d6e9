/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The helper's side of transfer-protocol.h: what it tells the engine, and when it has to stop - at SIGTERM, SIGINT or
 * SIGHUP, and when nobody reads its answers any more.
 */
#pragma once

#include <poll.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

struct transfer {
	int out;     /* where the answers go; not ours to close */
	int stop_fd; /* a signalfd */
};

/*
 * Take the signals over; to be called once all processes are forked that shall not inherit that. A write to a pipe that
 * nobody reads is an error from now on, and no signal.
 */
int transfer_open(int out, struct transfer *ret, struct error *err);
void transfer_close(struct transfer *transfer);
#define _cleanup_transfer_ _cleanup_(transfer_close)

/* For whoever waits: poll these, then ask. Errors: ERR_CANCELLED. */
enum { TRANSFER_FDS = 2 };
void transfer_watch(const struct transfer *transfer, struct pollfd fds[static TRANSFER_FDS]);
int transfer_check(const struct transfer *transfer, const struct pollfd fds[static TRANSFER_FDS], struct error *err);

/*
 * Wait for @events on @fd (-1: for nothing), at most @timeout_ms (-1: for ever; 0: only look), unless we have to stop.
 * Errors: ERR_CANCELLED.
 */
int transfer_wait(const struct transfer *transfer, int fd, short events, int timeout_ms, struct error *err);

/*
 * Tell the engine; takes the reference over. Waits while the engine does not read, unless it has to stop. Errors:
 * ERR_CANCELLED.
 */
int transfer_send(const struct transfer *transfer, struct json_object *event, struct error *err);

enum layer_state {
	LAYER_WAITING,
	LAYER_DOWNLOADING,
	LAYER_VERIFYING,
	LAYER_EXTRACTING,
	LAYER_DONE,
	LAYER_EXISTS,
	LAYER_UPLOADING,
	LAYER_MOUNTED,
};

/* What was last said of a layer; zero is nothing. */
struct layer_progress {
	bool any;
	enum layer_state state;
	int64_t said_ns;
};

/*
 * Tell how far a layer is: each change of its state, and in between as often as is useful, unless the engine is slow to
 * read.
 */
int transfer_progress(const struct transfer *transfer, struct layer_progress *progress, const char *digest,
		      enum layer_state state, uint64_t current, uint64_t total, struct error *err);

/* Tell that a layer did not have to be sent: the registry has taken it from its repository @from. */
int transfer_mounted(const struct transfer *transfer, const char *digest, const char *from, struct error *err);
