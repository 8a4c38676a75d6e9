/* SPDX-License-Identifier: Apache-2.0 */
/* Containers that were removed, as far as something stays of them (tombstone.h): how they ended, and what they were. */
#pragma once

#include "engine/container-row.h"

struct removed_container {
	struct container_row row; /* as of one that has exited */
	int64_t removed_at;
};
void removed_done(struct removed_container *removed);
#define _cleanup_removed_ _cleanup_(removed_done)

/*
 * The last one of this id, name or beginning of an id. Nothing is found of one that never ran, or was removed longer ago
 * than TOMBSTONE_DAYS. Errors: ERR_NO_CONTAINER.
 */
int removed_find(struct engine *engine, const char *name, struct removed_container *ret, struct error *err);
