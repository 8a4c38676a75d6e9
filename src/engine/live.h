/* SPDX-License-Identifier: Apache-2.0 */
/* A container that runs, for those who act on it. */
#pragma once

#include <stdbool.h>

#include "base/cleanup.h"
#include "engine/container-row.h"
#include "engine/engine.h"
#include "monitor/protocol.h"
#include "runtime/container.h"

struct live {
	int dir; /* its run directory */
	struct monitor_status status;
	bool paused;
};

#define LIVE_NONE ((struct live){ .dir = -1 })

/*
 * 1 if it runs; 0 if it does not, which is cleaned up after if nobody else does (E2). What is about to start does not run
 * yet.
 */
int live_open(struct engine *engine, const struct container_row *row, struct live *ret, struct error *err);

/*
 * The same, but one that is about to start, to be started again, or to end is waited for: 0 says that nobody has it. @row is
 * read again then. Errors: ERR_STATE if that takes too long.
 */
int live_await(struct engine *engine, struct container_row *row, struct live *ret, struct error *err);

void live_done(struct live *live);
#define _cleanup_live_ _cleanup_(live_done)

/* The same, but for one that does not run there is an error: "cannot <what> container "x": ... is not running". */
int live_need(struct engine *engine, const struct container_row *row, const char *what, struct live *ret,
	      struct error *err);

/*
 * Let what is paused go on, if it is: what is frozen does not end, nor die (cgroup v1). For who has asked for its end.
 */
void live_thaw(struct engine *engine, const char *id, int dir);

/* Note that it has been paused, if it was not yet: whether it is so now, the kernel is asked from then on. */
int live_note_pause(const struct live *live, struct error *err);

/* Whether container @id, which runs, is paused. What cannot be found out is not. */
bool live_is_paused(struct engine *engine, const char *id, int dir);

/*
 * The namespace ("net", "user", ...) of the first process that @status tells of. -ESRCH if that has ended, and its pid may
 * be another process's; else -errno.
 */
int live_open_namespace(const struct monitor_status *status, const char *type);
int live_open_netns(const struct monitor_status *status);

/* The runtime's view of it. container_free() it. */
int live_load(struct engine *engine, const char *id, struct container **ret, struct error *err);

/* What that says of it now; CONTAINER_STOPPED if it is gone, or waits to be started again. */
enum container_status live_status(struct engine *engine, const char *id);

int live_not_running(const struct container_row *row, const char *what, struct error *err);

/* The same in place of what @err says, where that run has ended since. Returns @r, or the new error's code. */
int live_explain(const struct container_row *row, const struct live *live, const char *what, int r, struct error *err);
