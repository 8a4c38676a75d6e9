/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/layer-changes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/changes.h"
#include "engine/engine-internal.h"
#include "engine/fs-layers.h"
#include "engine/image.h"

void layer_changes_free(struct layer_changes *changes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(changes[i].diff_id);
	free(changes);
}

/* A directory stands in a layer, as changed, for what is in it, too; that comes right behind it. */
static bool is_way_only(const struct changes *changes, size_t i)
{
	const struct container_change *change = &changes->list[i];
	const char *rest = i + 1 < changes->count ? str_after(changes->list[i + 1].path, change->path) : NULL;
	return change->kind == 'C' && rest && *rest == '/';
}

static void count(const struct changes *changes, struct layer_changes *ret)
{
	for (size_t i = 0; i < changes->count; i++) {
		if (is_way_only(changes, i))
			continue;
		ret->added += changes->list[i].kind == 'A';
		ret->changed += changes->list[i].kind == 'C';
		ret->removed += changes->list[i].kind == 'D';
	}
}

static int compare(const struct fs_layers *layers, size_t layer, struct layer_changes *ret, struct error *err)
{
	_cleanup_changes_source_ struct changes_source source = CHANGES_SOURCE_NONE;
	_cleanup_changes_ struct changes changes = { 0 };
	_cleanup_strv_ char **below = NULL;
	const char *dir = layers->list[layer].dir;
	for (size_t i = layer + 1; i < layers->count; i++)
		strv_append(&below, layers->list[i].dir);
	source.dir = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (source.dir < 0)
		return err_sys(err, errno, "open layer '%s'", dir);
	int r = merged_open(below, &source.image, err);
	if (r >= 0)
		r = changes_find(&source, &changes, err);
	if (r < 0)
		return r;
	ret->diff_id = mem_strdup(layers->list[layer].name);
	count(&changes, ret);
	return 0;
}

int engine_image_layer_changes(struct engine *engine, const struct image *image, struct layer_changes **ret,
			       size_t *ret_count, struct error *err)
{
	_cleanup_fs_layers_ struct fs_layers layers = { 0 };
	int r = fs_layers_of_image(engine, image, &layers, err);
	if (r < 0)
		return r;
	struct layer_changes *changes = mem_alloc((layers.count + 1) * sizeof *changes);
	for (size_t i = 0; r >= 0 && i < layers.count; i++)
		r = compare(&layers, i, &changes[i], err);
	if (r < 0) {
		layer_changes_free(changes, layers.count);
		return r;
	}
	*ret = changes;
	*ret_count = layers.count;
	return 0;
}
