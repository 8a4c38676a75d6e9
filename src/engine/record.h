/* SPDX-License-Identifier: Apache-2.0 */
/* A container as the person sees it: its row and, while it runs, what its monitor says. */
#pragma once

#include "engine/container-row.h"
#include "engine/engine.h"
#include "monitor/protocol.h"

DEFINE_CLEANUP(struct container_record *, container_record_free);
#define _cleanup_record_ _cleanup_(container_record_freep)

/* @row is read again if the container has ended meanwhile, so that both tell of the same moment. */
struct container_record *record_from_row(struct engine *engine, struct container_row *row);

/*
 * What the monitor of container @id last said. Returns 1, 0 if it has none or has not said anything yet, or a negative
 * code.
 */
int status_of(struct engine *engine, const char *id, struct monitor_status *ret, struct error *err);

/* The row of the container that @name means. */
int container_load_row(struct engine *engine, const char *name, struct container_row *ret, struct error *err);
