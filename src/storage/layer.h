/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unpacked layers: one directory each, named by DiffID, holding exactly what the layer's archive says, with overlayfs'
 * own whiteouts (character device 0/0) and opaque directories (trusted.overlay.opaque=y), shared by every image that
 * has the layer. They are read-only by convention: nothing writes below them after layer_commit().
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "storage/store.h"

/* @diff_id is "sha256:HEX", checked here (S4). */
bool layer_exists(struct store *store, const char *diff_id);

/* The absolute path of a layer's directory. free() it. */
char *layer_path(struct store *store, const char *diff_id);

/*
 * Make the finished staging directory @name (below tmp/) the layer @diff_id: flush to disk, rename (S1, S2). Somebody
 * else having been faster is success; the staging directory is then removed.
 */
int layer_commit(struct store *store, const char *name, const char *diff_id, struct error *err);

/*
 * The same, in the place of a layer that has been damaged, which becomes the staging directory's content. Without one it is
 * layer_commit(). No container may run on the layer.
 */
int layer_replace(struct store *store, const char *name, const char *diff_id, struct error *err);

/* By renaming into tmp/ first, so that a crash never leaves half a layer under its name. Missing is success. */
int layer_remove(struct store *store, const char *diff_id, struct error *err);
