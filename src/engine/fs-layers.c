/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fs-layers.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/image.h"
#include "engine/mountpoints.h"
#include "storage/layer.h"
#include "storage/parents.h"
#include "storage/snapshot.h"

void fs_layers_done(struct fs_layers *layers)
{
	for (size_t i = 0; i < layers->count; i++) {
		free(layers->list[i].dir);
		free(layers->list[i].name);
		free(layers->list[i].created_by);
	}
	free(layers->list);
	*layers = (struct fs_layers){ 0 };
}

/* Takes @dir over. */
static void add(struct fs_layers *layers, char *dir, const char *name, const char *created_by)
{
	*ARRAY_APPEND(layers->list, layers->count) =
		(struct fs_layer){ .dir = dir, .name = mem_strdup(name), .created_by = mem_strdup(created_by) };
}

/* Each layer is the work of the step that the history has at its place: one that is there twice, of two. */
static int add_image(struct engine *engine, const struct image *image, struct fs_layers *layers, struct error *err)
{
	struct image_step *steps = NULL;
	size_t count = 0;
	char *parents = parents_path(engine->store, image->id);
	int r = engine_image_history(engine, image, &steps, &count, err);
	if (parents)
		add(layers, parents, "coffer", "directories that layers have no entry for");
	for (size_t i = 0; r >= 0 && i < count; i++)
		if (steps[i].diff_id)
			add(layers, layer_path(engine->store, steps[i].diff_id), steps[i].diff_id, steps[i].created_by);
	image_steps_free(steps, count);
	return r;
}

int fs_layers_of_image(struct engine *engine, const struct image *image, struct fs_layers *ret, struct error *err)
{
	_cleanup_fs_layers_ struct fs_layers layers = { 0 };
	int r = add_image(engine, image, &layers, err);
	if (r < 0)
		return r;
	*ret = layers;
	layers = (struct fs_layers){ 0 };
	return 0;
}

int fs_layers_of(struct engine *engine, const struct container_row *row, struct fs_layers *ret, struct error *err)
{
	_cleanup_fs_layers_ struct fs_layers layers = { 0 };
	_cleanup_image_ struct image *image = NULL;
	char *mountpoints = NULL;
	add(&layers, snapshot_upper(engine->store, row->id), "container", "what the container has written");
	int r = snapshot_settle(engine->store, row->id, err);
	if (r >= 0)
		r = engine_image_find(engine, row->image_id, &image, err);
	if (r >= 0)
		r = add_image(engine, image, &layers, err);
	if (r >= 0)
		r = mountpoints_ensure(engine->store, &mountpoints, err);
	if (r < 0)
		return r;
	add(&layers, mountpoints, "coffer", "places for the mounts of every container");
	*ret = layers;
	layers = (struct fs_layers){ 0 };
	return 0;
}
