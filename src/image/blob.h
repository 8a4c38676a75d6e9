/* SPDX-License-Identifier: Apache-2.0 */
/* Content by digest below the store's blobs/ (invariants S1, S2, S4 of storage/store.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "storage/store.h"

bool blob_exists(struct store *store, const char *digest);

/* The same, with @size bytes. What a disk or a person has cut off is to be fetched again. */
bool blob_is_whole(struct store *store, const char *digest, uint64_t size);

/* Open for reading. Errors: ERR_NOT_FOUND. */
int blob_open(struct store *store, const char *digest, struct error *err);

/* Read a small blob (manifest, config) whole, at most @max bytes. It is not hashed again. */
int blob_read(struct store *store, const char *digest, size_t max, char **ret, size_t *ret_len, struct error *err);

/*
 * Put the finished, verified file @name (in the staging directory @stage) in place as @digest: fsync, rename.
 */
int blob_commit(struct store *store, int stage, const char *name, const char *digest, struct error *err);

int blob_remove(struct store *store, const char *digest, struct error *err);
