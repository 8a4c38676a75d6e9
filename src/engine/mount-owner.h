/* SPDX-License-Identifier: Apache-2.0 */
/* ":U": what is mounted is to belong to the container's user. Source: podman-run(1), "Chowning Volume Mounts". */
#pragma once

#include "engine/container-row.h"

/* Give the sources of all such mounts, with all that is in them, to the user that the container runs as. */
int mounts_give_away(struct engine *engine, const struct container_row *row, struct error *err);
