/* SPDX-License-Identifier: Apache-2.0 */
/* What each layer of an image does to the files of those below it. */
#pragma once

#include <stddef.h>

#include "engine/engine.h"

/* Files, and whatever else has a name; directories count where they themselves came, went or changed. */
struct layer_changes {
	char *diff_id;
	size_t added, changed, removed;
};
void layer_changes_free(struct layer_changes *changes, size_t count);

/* Topmost first. */
int engine_image_layer_changes(struct engine *engine, const struct image *image, struct layer_changes **ret,
			       size_t *ret_count, struct error *err);
