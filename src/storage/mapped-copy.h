/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies of images whose files are given to the ids that containers of a user namespace have (storage/id-shift.h), for who
 * cannot have mapped mounts (storage/mapped-ids.h). All containers of an image with the same mapping share one, which lies
 * below what each of them writes; it goes with the image.
 *
 * They are mapped/HEX/NAME, of the image's id and of the mapping.
 */
#pragma once

#include "base/error.h"
#include "runtime/id-map.h"
#include "storage/store.h"

/* The name of copies with these ids: "0_1000_1.1_100000_65536-0_1000_1". NULL for a mapping of too many ranges. free() it. */
char *mapped_copy_name(const struct id_maps *maps);

/* Make the one of image @id ("sha256:HEX") of @layers, topmost first, unless it is there. Errors: ERR_IDMAP, of the disk. */
int mapped_copy_make(struct store *store, const char *id, char *const *layers, const struct id_maps *maps,
		     struct error *err);

/* The absolute path of the one with that @name, or NULL for what is no name. free() it. */
char *mapped_copy_path(struct store *store, const char *id, const char *name);

/* All of image @id. Missing is success. */
int mapped_copies_remove(struct store *store, const char *id, struct error *err);
