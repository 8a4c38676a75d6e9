/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what was asked for to what is mounted. Of two mounts on one place the first of these counts:
 *
 *	-v, --mount, --tmpfs	two of them on one place are a mistake (mounts.h)
 *	--volumes-from		the last container that is named
 *	the image's VOLUMEs	volumes without a name
 *
 * Source: docs.docker.com, "docker run", "--volumes-from"; the behaviour of docker 28.
 */
#pragma once

#include "engine/engine-internal.h"
#include "image/config.h"

/* Fill in the mounts of @config. Volumes without a name get one. Errors: ERR_NO_CONTAINER, ERR_USAGE, ERR_INVALID. */
int volume_mounts_resolve(struct engine *engine, const struct container_spec *spec, const struct image_config *image,
			  struct container_config *config, struct error *err);

/*
 * Within the transaction that inserts the container: make the rows of volumes that are not there yet, and those of its
 * uses. *ret_made are the names of the former, and *ret_aside directories that have to be removed behind it.
 */
struct volume_rows {
	char **made, **aside;
};
void volume_rows_done(struct volume_rows *rows);
#define _cleanup_volume_rows_ _cleanup_(volume_rows_done)
int volume_mounts_insert(struct engine *engine, struct db *db, const struct container_row *row, struct volume_rows *ret,
			 struct error *err);

/* What is due when that is committed. */
void volume_mounts_inserted(struct engine *engine, const struct volume_rows *rows);

/*
 * What has to be there before the container can be started: directories of volumes, and of -v. A volume that is empty gets
 * the image's files, once.
 */
int volume_mounts_prepare(struct engine *engine, const struct container_row *row, struct error *err);

/*
 * Within the transaction that deletes the container's row, behind that: mark those of its volumes that have no name and
 * that nobody else has, to go. They are finished by volume_mounts_release().
 */
int volume_mounts_mark(struct db *db, const struct container_row *row, struct error *err);
int volume_mounts_release(struct engine *engine, const struct container_row *row, struct error *err);
