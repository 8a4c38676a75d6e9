/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces of other containers. Whose they are is found out when a container is made, and kept by id: another name, or
 * another container of that name, makes no difference. They are joined by the monitor (monitor/monitor-join.c), at every
 * start anew.
 */
#pragma once

#include "base/error.h"
#include "engine/engine.h"

/* "ipc=ID" for each namespace, a strv. Errors: ERR_NO_CONTAINER; ERR_STATE for an IPC namespace that is not to be shared. */
int join_resolve(struct engine *engine, const struct container_spec *spec, char ***ret, struct error *err);

/* The same for the network: the id of the container whose it is to be, if it is one's. free() it. Errors: ERR_NO_CONTAINER. */
int join_resolve_network(struct engine *engine, const struct container_spec *spec, char **ret, struct error *err);

/* That all of them run, in better words than the monitor has. Errors: ERR_NO_CONTAINER, ERR_STATE. */
int join_check(struct engine *engine, char *const *joins, struct error *err);

/* The id of the container whose namespace called @name ("ipc") is joined, or NULL. */
const char *join_id(char *const *joins, const char *name);
