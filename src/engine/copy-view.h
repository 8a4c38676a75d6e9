/* SPDX-License-Identifier: Apache-2.0 */
/* A container's files as a directory that can be read and, where that is asked for, written. */
#pragma once

#include "engine/container-row.h"

/*
 * What the container sees of its image and has written, without anything that is mounted over it: a mount of its own,
 * detached and read-only, whether the container runs or not. Returns an fd of its root.
 */
int view_open_layers(struct engine *engine, const struct container_row *row, struct error *err);
