/* SPDX-License-Identifier: Apache-2.0 */
/* volume_mounts_prepare() */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/path.h"
#include "base/util.h"
#include "engine/mount-owner.h"
#include "engine/volume-dir.h"
#include "engine/volume-fill.h"
#include "engine/volume-mounts.h"
#include "engine/volume.h"

enum { SOURCE_MODE = 0755 };

/* Anything but a missing one is the runtime's to find. */
static int make_source(const char *path, struct error *err)
{
	if (access(path, F_OK) == 0 || errno != ENOENT)
		return 0;
	return path_make_dirs(path, SOURCE_MODE, err);
}

/* One that is mounted is filled when it is: volumes_attach(). */
static int prepare_volume(struct engine *engine, const struct mount_request *mount, struct volume_source *source,
			  struct error *err)
{
	_cleanup_volume_ struct volume *volume = NULL;
	int r = engine_volume_find(engine, mount->source, &volume, err);
	if (r < 0)
		return r;
	_cleanup_close_ int dir = volume_dir_make(engine, mount->source, err);
	if (dir < 0 || volume_is_mounted_on_demand(volume))
		return MIN(dir, 0);
	return volume_fill(engine, mount, source, err);
}

int volume_mounts_prepare(struct engine *engine, const struct container_row *row, struct error *err)
{
	_cleanup_volume_source_ struct volume_source source = VOLUME_SOURCE(row);
	int r = 0;
	for (size_t i = 0; r >= 0 && i < row->config.n_mounts; i++) {
		const struct mount_request *mount = &row->config.mounts[i];
		if (mount->kind == MOUNT_BIND && mount->create_source)
			r = make_source(mount->source, err);
		else if (mount->kind == MOUNT_VOLUME)
			r = prepare_volume(engine, mount, &source, err);
	}
	return r < 0 ? r : mounts_give_away(engine, row, err);
}
