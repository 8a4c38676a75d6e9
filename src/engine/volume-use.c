/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of volumes that come with a container's row, and go with it (V1). */
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "engine/event.h"
#include "engine/volume-attach.h"
#include "engine/volume-dir.h"
#include "engine/volume-mounts.h"
#include "engine/volume-options.h"
#include "engine/volume-repair.h"
#include "engine/volume-row.h"

void volume_rows_done(struct volume_rows *rows)
{
	strv_free(rows->made);
	strv_free(rows->aside);
	*rows = (struct volume_rows){ 0 };
}

/* --- coming --- */

static struct volume *volume_of(const struct mount_request *mount)
{
	struct volume *volume = NEW(struct volume);
	volume->name = mem_strdup(mount->source);
	volume->options = strv_copy(mount->volume_options);
	volume->labels = strv_copy(mount->volume_labels);
	if (mount->anonymous)
		strv_append(&volume->labels, VOLUME_ANONYMOUS "=");
	volume->created_at = time_now_ns();
	return volume;
}

/* One that is about to go makes room at once. If the transaction comes to nothing, it is still about to go. */
static int make_room(struct engine *engine, struct db *db, const char *name, struct volume_rows *rows,
		     struct error *err)
{
	_cleanup_free_ char *aside = NULL;
	int r = volume_row_is_marked(db, name, err);
	if (r <= 0)
		return r;
	r = volume_unmount_unused(engine, name, err);
	if (r >= 0)
		r = volume_dir_set_aside(engine, name, &aside, err);
	if (aside)
		strv_take(&rows->aside, TAKE_PTR(aside));
	return r < 0 ? r : volume_row_delete(db, name, err);
}

static int ensure_volume(struct engine *engine, struct db *db, const struct mount_request *mount,
			 struct volume_rows *rows, struct error *err)
{
	_cleanup_volume_ struct volume *volume = NULL;
	int r = volume_row_load(db, mount->source, &volume, err);
	if (r != 0)
		return r < 0 ? r : volume_options_agree(volume, mount->volume_options, err);
	r = volume_name_check(mount->source, err);
	if (r >= 0)
		r = volume_options_check(mount->volume_options, err);
	if (r >= 0)
		r = make_room(engine, db, mount->source, rows, err);
	if (r < 0)
		return r;
	volume = volume_of(mount);
	r = volume_row_insert(db, volume, err);
	if (r >= 0)
		strv_append(&rows->made, volume->name);
	return r;
}

int volume_mounts_insert(struct engine *engine, struct db *db, const struct container_row *row, struct volume_rows *ret,
			 struct error *err)
{
	_cleanup_volume_rows_ struct volume_rows rows = { 0 };
	int r = 0;
	for (size_t i = 0; r >= 0 && i < row->config.n_mounts; i++) {
		const struct mount_request *mount = &row->config.mounts[i];
		if (mount->kind == MOUNT_IMAGE)
			r = image_use_insert(db, row->id, mount->image_id, err);
		if (mount->kind != MOUNT_VOLUME)
			continue;
		r = ensure_volume(engine, db, mount, &rows, err);
		if (r >= 0)
			r = volume_use_insert(db, row->id, mount->source, !mount->nocopy && !mount->subpath, err);
	}
	if (r < 0)
		return r;
	*ret = rows;
	rows = (struct volume_rows){ 0 };
	return 0;
}

void volume_mounts_inserted(struct engine *engine, const struct volume_rows *rows)
{
	for (char **name = rows->made; name && *name; name++)
		volume_event(engine, *name, "create", NULL);
	for (char **name = rows->aside; name && *name; name++)
		(void)volume_dir_remove(engine, *name, NULL); /* or the next command does */
}

/* --- going --- */

int volume_mounts_mark(struct db *db, const struct container_row *row, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < row->config.n_mounts; i++)
		if (row->config.mounts[i].anonymous)
			r = volume_row_mark_unused(db, row->config.mounts[i].source, err);
	return r;
}

int volume_mounts_release(struct engine *engine, const struct container_row *row, struct error *err)
{
	int first = 0;
	for (size_t i = 0; i < row->config.n_mounts; i++) {
		const struct mount_request *mount = &row->config.mounts[i];
		int r = mount->anonymous ? volume_finish_removal(engine, mount->source, first < 0 ? NULL : err) : 0;
		if (r > 0)
			volume_event(engine, mount->source, "destroy", NULL);
		if (r < 0 && first == 0)
			first = r;
	}
	return first;
}
