/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The places that every container's mounts need - /dev, /proc, /sys, files in /etc - as a directory that lies below all
 * layers of all images: those that an image lacks are seen there, and nothing has to be made in the container's own
 * layer, where it would cost time and look like the container's work.
 */
#pragma once

#include "base/error.h"
#include "storage/store.h"

/* Its absolute path, made at the first call in the store. free() it. */
int mountpoints_ensure(struct store *store, char **ret, struct error *err);
