/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who fetches a blob: of several processes that want the same one, the first; the others wait until it has it or has gone.
 *
 * A claim is a lock on one byte of the store's lock file, whose place the digest says. It goes with its process, leaves
 * nothing behind, and has nothing to do with the lock of the whole file (store_lock()). Two blobs whose places are the same
 * wait for each other, no more.
 *
 * Source: fcntl(2), "Open file description locks".
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "storage/store.h"

/* An fd that holds claims; closing it gives them up. */
int claims_open(struct store *store, struct error *err);

/* 1 if the blob is ours to fetch, 0 if it is somebody else's. */
int claim_try(int claims, const char *digest, struct error *err);
void claim_drop(int claims, const char *digest);
