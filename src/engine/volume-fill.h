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

/* The image's files, looked at as one root, which is mounted nowhere. -1: not yet. */
struct volume_source {
	char *const *lower;
	int root;
};
#define VOLUME_SOURCE(lower_) ((struct volume_source){ .lower = (lower_), .root = -1 })
void volume_source_done(struct volume_source *source);
#define _cleanup_volume_source_ _cleanup_(volume_source_done)

/* Fill the volume of @mount, if container @id is to do that yet and nothing is in it. */
int volume_fill(struct engine *engine, const char *id, const struct mount_request *mount, struct volume_source *source,
		struct error *err);
