/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's directory in the runtime's state root: ROOT/ID/{state.json,exec.fifo,exec.news}. Whoever changes the container
 * holds the directory's lock (flock); it goes with the process that holds it.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "runtime/container.h"

#define STATE_FILE "state.json"
#define STATE_FIFO "exec.fifo" /* a byte in it starts the program */
#define STATE_NEWS "exec.news" /* why it does not run comes out of it; its end is exec */
#define STATE_NOTIFY "notify" /* a directory for the socket by which the container says that it is ready */

/* Make ROOT/ID, locked. The id is taken by that: ERR_EXISTS if there is one. Returns the directory's fd. */
int state_make(const char *root, const char *id, struct error *err);

/* Open ROOT/ID; with @lock also wait for its lock. Errors: ERR_NO_CONTAINER. */
int state_open(const char *root, const char *id, bool lock, struct error *err);

/*
 * Lock it (as state_open()), and only then look at what it is: @container, which was loaded before somebody else was done,
 * is read again. Returns the directory's fd.
 */
int state_lock(struct container *container, enum container_status *ret_status, struct error *err);

int state_write(int dir, const struct container *container, struct error *err);
int state_read(int dir, const char *root, const char *id, struct container **ret, struct error *err);

/* Once the container is gone: its poststop hooks, whose failures are warnings. */
void container_run_poststop(const struct container *container);

/* Remove ROOT/ID. */
int state_remove(const char *root, const char *id, struct error *err);

/* The "state" of the specification with a status given, and as text, for hooks. free() that. */
struct json_object *state_object(const struct container *container, enum container_status status);
char *state_document(const struct container *container, enum container_status status);
