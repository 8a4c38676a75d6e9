/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an image's layers become a container's root: one row of a table each. A driver is chosen when a container is created,
 * and its snapshot knows which (storage/snapshot.h); so stores have no driver, and can be used with another one at any time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "storage/store.h"

struct storage_driver {
	const char *name;    /* as Docker calls it */
	const char *summary; /* what it costs */
	bool copies;	     /* every container has a copy of its image */
	bool fuse;	     /* its overlays are made by fuse-overlayfs(1) */
	/* Whether it works in this store; errors say why not. */
	int (*probe)(struct store *store, struct error *err);
	/*
	 * Make the snapshot @id of @layers, topmost first, that may have @size bytes (0: no limit). Errors: ERR_EXISTS, of
	 * the disk, of storage/quota.h.
	 */
	int (*create)(struct store *store, const char *id, char *const *layers, uint64_t size, struct error *err);
};

/* Errors: ERR_UNSUPPORTED for one that coffer does not have, saying what to use; ERR_INVALID. */
int storage_driver_find(const char *name, const struct storage_driver **ret, struct error *err);

/*
 * The first that works here. *ret_reason says why those before it in the table do not, or is NULL; free() it. That overlays
 * work is kept in cache/, so asking again costs a system call.
 */
int storage_driver_choose(struct store *store, const struct storage_driver **ret, char **ret_reason, struct error *err);

/* That of the snapshot @id. */
const struct storage_driver *storage_driver_of(struct store *store, const char *id);
