/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The beginnings of blobs whose download broke off, so that the next one goes on from there: cache/partial/HEX@REGISTRY, files
 * whose bytes nobody has verified. They are kept apart by the registry that sent them: one that lies, or is damaged, spoils
 * no download from another.
 *
 * They come and go by renaming, so that each has one owner, and a crash leaves it whole, or as rubbish in tmp/ (S2).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "storage/store.h"

/* The name of what @registry has sent of the blob @hex; or NULL, if that makes no name (S4). free() it. */
char *partial_name(const char *hex, const char *registry);

/* Take the file @name away, as @as in @dir. Returns 0 or -errno: ENOENT, if there is none. */
int partial_take(struct store *store, const char *name, int dir, const char *as);

/* Keep the file @as of @dir as @name, in the place of an older one. Returns 0 or -errno. */
int partial_keep(struct store *store, const char *name, int dir, const char *as);

/* Remove those that have not grown for @seconds, as far as that is possible; 0 is all. */
void partial_sweep(struct store *store, int64_t seconds);

/* How many bytes they have; adds to *count how many there are. */
uint64_t partial_size(struct store *store, size_t *count);
