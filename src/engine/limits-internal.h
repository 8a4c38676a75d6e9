/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of engine/limits*.c share. */
#pragma once

#include "engine/limits.h"

/*
 * --- limits-block.c: --blkio-weight and limits of single disks ---
 *
 * Errors: ERR_INVALID; ERR_DEV for what is no disk of this machine.
 */
int limits_check_block(const struct container_spec *spec, struct error *err);
int limits_add_block(const struct container_spec *spec, struct json_object *resources, struct error *err);

/*
 * --- limits-unified.c: what only cgroup v2 has, by the names of its files ---
 *
 * Errors: ERR_INVALID. Whether this machine has the files, the runtime finds out.
 */
int limits_check_unified(const struct container_spec *spec, struct error *err);
void limits_add_unified(const struct container_spec *spec, struct json_object *resources);
