/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes that are file systems of their own (volume-options.h): mounted on _data while a container that runs has them.
 *
 * Whether there is one is asked of the database, under the volume's lock: who starts says that it runs before it mounts, and
 * who has ended says so before it unmounts. What a crash leaves mounted is unmounted by volumes_repair().
 */
#pragma once

#include "engine/container-row.h"
#include "engine/volume.h"

/* A container is about to run, and its row says so: mount what it has. */
int volumes_attach(struct engine *engine, const struct container_row *row, struct error *err);

/* It does not run any more: unmount what nobody else needs. Goes on after a failure, and returns the first. */
int volumes_detach(struct engine *engine, const struct container_row *row, struct error *err);

/* Whether a file system begins at @path in @dir; "" is @dir itself. */
bool volume_is_mounted(int dir, const char *path);

/* Unmount a volume, unless a container that runs has it. */
int volume_unmount_unused(struct engine *engine, const char *name, struct error *err);
