/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories that layers take for granted. A layer may hold tmp/x and say nothing of tmp, meaning the directory that is
 * there already. Its own directory tmp, which the unpacker makes and marks (OVERLAY_IMPLIED), would hide owner, mode and
 * attributes of that one. Which one it is, depends on the image: layers are shared, and the next image may have another one
 * below, and must not get what the first one had. So a layer stays what its archive says, and an image that
 * needs it has a directory of its own, parents/HEX of its id, which lies on top of its layers: in it are those directories as
 * the layers below have them, and what leads to them, and nothing else.
 *
 * The root directory is left out: a container's own is that of its snapshot.
 *
 * Source: what containerd and Docker do by unpacking each layer onto those below it.
 */
#pragma once

#include "base/error.h"
#include "storage/store.h"

/* Make it for the image @id ("sha256:HEX") of @layers, topmost first, if it needs one and has none. */
int parents_make(struct store *store, const char *id, char *const *layers, struct error *err);

/* Its absolute path, or NULL if the image has none. free() it. */
char *parents_path(struct store *store, const char *id);

/* Missing is success. */
int parents_remove(struct store *store, const char *id, struct error *err);
