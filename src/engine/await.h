/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for the end of a container that runs, without being its owner. */
#pragma once

#include "base/cleanup.h"
#include "base/random.h"
#include "engine/engine.h"

struct await {
	struct engine *engine;
	char id[ID_HEX_LENGTH + 1];
	bool for_good;	/* somebody has asked for that: a run after which it is to be started again is not the end */
	int connection; /* to its monitor, which will tell; -1: it is gone, or has no place for us: we look by ourselves */
};

/* From here on the end of container @id is not missed. Never fails: at worst we look from time to time. */
void await_begin(struct engine *engine, const char *id, struct await *ret);

/* The same over a connection that there is already, and which is taken over; -1: there is none. */
void await_on(struct engine *engine, const char *id, int connection, struct await *ret);
void await_done(struct await *await);
#define _cleanup_await_ _cleanup_(await_done)

/*
 * 1: it has ended, with *ret_exit_code, and may be about to be started again. 0: not within @timeout_ms (-1: for ever). What there was of it may be recorded or
 * removed only in a moment: engine_container_finish() waits for that.
 */
int await_end(struct await *await, int timeout_ms, int *ret_exit_code, struct error *err);
