/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run directories, RUNROOT/containers/ID (monitor/protocol.h says what is in them), and the lock in each.
 *
 * Who holds the lock may do with the container what it likes. It comes with the directory and leaves with it: a directory
 * is removed by renaming it away first, and a lock counts only if its directory still has its name afterwards. So there
 * is no moment in which two processes both believe to hold it.
 */
#pragma once

#include <stdbool.h>

#include "base/cleanup.h"
#include "base/error.h"

struct engine;

/* An open run directory, and its lock; -1: none. */
struct run_dir {
	int fd;
	int lock;
};

#define RUN_DIR_NONE ((struct run_dir){ -1, -1 })

/* Release the lock; the directory stays. */
void run_dir_close(struct run_dir *dir);
#define _cleanup_run_dir_ _cleanup_(run_dir_close)

/*
 * Make it, or take what a dead process left under its name, emptied, and lock it. Errors: ERR_BUSY if somebody alive
 * holds it.
 */
int run_dir_make(struct engine *engine, const char *id, struct run_dir *ret, struct error *err);

/*
 * Lock one that exists: 1 if it is ours now; 0 if there is none; ERR_BUSY if somebody alive holds it for longer than
 * @timeout_ms (0: do not wait).
 */
int run_dir_lock(struct engine *engine, const char *id, int timeout_ms, struct run_dir *ret, struct error *err);

/* Without the lock, for reading. Returns the fd, or -errno. */
int run_dir_open(struct engine *engine, const char *id);

/* Remove the directory with all in it, and release its lock. */
int run_dir_remove(struct engine *engine, const char *id, struct run_dir *dir, struct error *err);

/* The ids of all. Removes the rests of those that were not removed to the end. */
int run_dir_list(struct engine *engine, char ***ret, struct error *err);
