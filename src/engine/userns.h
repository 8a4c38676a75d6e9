/* SPDX-License-Identifier: Apache-2.0 */
/*
 * User namespaces of containers: which ids they have is settled when a container is created, and stays; the namespace itself
 * is made, or joined, at each start, before anything that has to belong to it.
 *
 * What is on disk has the container's ids, and mapped mounts show them as those of the host that it runs with
 * (storage/overlay.h). So layers are shared with everybody else, and commit, diff and export need to know nothing of this.
 */
#pragma once

#include "base/error.h"
#include "engine/container-config.h"
#include "engine/id-range.h"

struct engine;
struct launch;
struct container_row;

/*
 * Find out the ids of @config, of the image @image_id of these layers, and, where they follow from those, its user. A range that the
 * container is to have for itself is in *ret_range then, and is not reserved yet; else that has the size 0. @attempt: as of
 * id_range_choose(). Errors: ERR_INVALID, ERR_IDMAP, ERR_NO_CONTAINER.
 */
int userns_resolve(struct engine *engine, const struct container_spec *spec, const char *image_id,
		   char *const *diff_ids, int attempt, struct container_config *config, struct id_range *ret_range,
		   struct error *err);

/*
 * Take down the ids of the container that was inserted just now, in the same transaction: 1; 0 if its range is somebody
 * else's by now, and all of it has to be done again.
 */
int userns_insert(struct db *db, const struct container_row *row, const struct id_range *range, struct error *err);

/* The user namespace of a container that is about to start; -1 if it has none of its own. */
int userns_open(struct engine *engine, const struct launch *launch, int *ret, struct error *err);
