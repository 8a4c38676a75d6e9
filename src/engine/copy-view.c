/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/copy-view.h"

#include <stdlib.h>

#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/image.h"
#include "storage/overlay.h"
#include "storage/snapshot.h"

/* The layers below its own, topmost first. */
static int lower_of(struct engine *engine, const struct container_row *row, char ***ret, struct error *err)
{
	_cleanup_image_ struct image *image = NULL;
	int r = engine_image_find(engine, row->image_id, &image, err);
	return r < 0 ? r : launch_lower(engine, image->diff_ids, ret, err);
}

/*
 * Its own layer is one more that is only read: so a container that runs keeps its upper directory to itself, and what it
 * writes meanwhile is seen or not, as with every copy of files in use.
 */
int view_open_layers(struct engine *engine, const struct container_row *row, struct error *err)
{
	_cleanup_strv_ char **lower = NULL, **dirs = NULL;
	int r = lower_of(engine, row, &lower, err);
	if (r < 0)
		return r;
	strv_take(&dirs, snapshot_upper(engine->store, row->id));
	for (char **dir = lower; *dir; dir++)
		strv_append(&dirs, *dir);
	return overlay_mount(&(const struct overlay_options){ .lower = dirs }, err);
}
