/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether mounts of a store can show its files with the ids of a user namespace. Where they cannot, a container that has one
 * gets a copy of its image, whose files are given to its ids: see snapshot_create_shifted().
 *
 * Only who is root of the user namespace that a file system was mounted in may map its ids, so nobody in a user namespace
 * can; and some file systems cannot, or kernels before 5.19 for overlays.
 *
 * Source: mount_setattr(2), "ID-mapped mounts".
 */
#pragma once

#include <stdbool.h>

#include "storage/store.h"

/* Tried once in a store, and kept in cache/ if it works. */
bool store_can_map_ids(struct store *store);
