/* SPDX-License-Identifier: Apache-2.0 */
/* volume_mounts_prepare() */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/path.h"
#include "base/str.h"
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

static int prepare_volume(struct engine *engine, const char *id, const struct mount_request *mount,
			  struct volume_source *source, struct error *err)
{
	_cleanup_volume_ struct volume *volume = NULL;
	int r = engine_volume_find(engine, mount->source, &volume, err);
	if (r >= 0 && strv_count(volume->options) > 0)
		r = err_set(err, ERR_UNSUPPORTED, "volume %s has options, which are not available yet", volume->name);
	if (r < 0)
		return r;
	_cleanup_close_ int dir = volume_dir_make(engine, mount->source, err);
	return dir < 0 ? dir : volume_fill(engine, id, mount, source, err);
}

int volume_mounts_prepare(struct engine *engine, const struct container_row *row, char *const *lower, struct error *err)
{
	_cleanup_volume_source_ struct volume_source source = VOLUME_SOURCE(lower);
	int r = 0;
	for (size_t i = 0; r >= 0 && i < row->config.n_mounts; i++) {
		const struct mount_request *mount = &row->config.mounts[i];
		if (mount->kind == MOUNT_BIND && mount->create_source)
			r = make_source(mount->source, err);
		else if (mount->kind == MOUNT_VOLUME)
			r = prepare_volume(engine, row->id, mount, &source, err);
	}
	return r;
}
