/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's writable layer: snapshots/ID/upper (what it changed), and work, which is the kernel's. Or the snapshot is
 * whole, which the file snapshots/ID/whole says: then upper holds everything, and nothing lies below it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/error.h"
#include "runtime/id-map.h"
#include "storage/store.h"

/*
 * @id is 64 hexadecimal digits (S4). ERR_EXISTS if it is there already. What is in it may have @size bytes, if that is not 0
 * (storage/quota.h).
 */
int snapshot_create(struct store *store, const char *id, uint64_t size, struct error *err);

/* The same, to be mounted by fuse-overlayfs(1), as the file snapshots/ID/fuse says, which leaves marks of its own in upper. */
int snapshot_create_fuse(struct store *store, const char *id, uint64_t size, struct error *err);
bool snapshot_is_fuse(struct store *store, const char *id);

/*
 * Make what fuse-overlayfs has marked in the upper directory marks of overlayfs' (storage/overlay-marks.h), so that who reads
 * it has one form to know; of other snapshots nothing. The container may run. Errors: ERR_SYSTEM.
 */
int snapshot_settle(struct store *store, const char *id, struct error *err);

/* A whole one: upper shows what @layers do, topmost first. */
int snapshot_create_whole(struct store *store, const char *id, char *const *layers, uint64_t size, struct error *err);
/* @ret_filled (may be NULL) is when it was whole: what has been touched later, the container has touched. */
bool snapshot_is_whole(struct store *store, const char *id, struct timespec *ret_filled);

/*
 * Those of who lives in a user namespace and cannot have mapped mounts (mapped-ids.h): their files are given to the ids that
 * @maps makes of the image's. The file snapshots/ID/shifted says so: it is empty of a whole one, else it has the name of the
 * copy of the image that all share (mapped-copy.h). Errors: ERR_IDMAP.
 */
int snapshot_create_shifted(struct store *store, const char *id, char *const *layers, const struct id_maps *maps,
			    uint64_t size, struct error *err);
int snapshot_create_sharing(struct store *store, const char *id, const char *copy, const struct id_maps *maps,
			    bool fuse, uint64_t size, struct error *err);
bool snapshot_is_shifted(struct store *store, const char *id);

/* The name of that copy, or NULL. free() it. */
char *snapshot_shared_copy(struct store *store, const char *id);

bool snapshot_exists(struct store *store, const char *id);

/* Absolute paths. free() them. */
char *snapshot_upper(struct store *store, const char *id);
char *snapshot_work(struct store *store, const char *id);

/* Missing is success. Renamed into tmp/ first, then removed. */
int snapshot_remove(struct store *store, const char *id, struct error *err);

/* The ids of all snapshots, for finding those that belong to nobody. */
int snapshot_list(struct store *store, char ***ret, struct error *err);
