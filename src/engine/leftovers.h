/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is on disk for nobody: blobs and layers that no image has (E3), as an interrupted pull leaves them for the next one, and
 * beginnings of blobs (storage/partial.h).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/engine.h"

struct leftovers {
	size_t count;
	int64_t bytes;
};

/* What of it could go just now: nothing while somebody adds images, or while the database is one that was lost. */
int leftovers_measure(struct engine *engine, struct leftovers *ret, struct error *err);

/* Remove it; *ret is what has gone. */
int leftovers_remove(struct engine *engine, struct leftovers *ret, struct error *err);

/* If images were added without success (@r) for want of space: a hint at what could be had back. Returns @r. */
int leftovers_hint(struct engine *engine, int r, struct error *err);
