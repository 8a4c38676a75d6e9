/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A volume that is empty begins with the image's files of the place where it is mounted, as Docker's do.
 *
 *  1. The files are copied beside _data, under the volume's lock; a crash leaves rubbish that the next one removes.
 *  2. They take the place of _data by a rename: all of them are there, or none. If another container has the volume, its
 *     mount would stay on what was renamed away: then each is moved in by itself.
 *  3. The row of the use says that it is done. Until then, the next start of the container does it again.
 */
#pragma once

#include "engine/volume-mounts.h"

/* The files of a container, looked at as one root, which is mounted nowhere. -1: not yet. */
struct volume_source {
	const struct container_row *row;
	int root;
};
#define VOLUME_SOURCE(row_) ((struct volume_source){ .row = (row_), .root = -1 })
void volume_source_done(struct volume_source *source);
#define _cleanup_volume_source_ _cleanup_(volume_source_done)

/* Fill the volume of @mount, if the container is to do that yet and nothing is in it. */
int volume_fill(struct engine *engine, const struct mount_request *mount, struct volume_source *source,
		struct error *err);

/* The same for one that is mounted: its files come one after the other. */
int volume_fill_mounted(struct engine *engine, const struct mount_request *mount, struct volume_source *source,
			struct error *err);
