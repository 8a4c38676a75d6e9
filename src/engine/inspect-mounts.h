/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts in the `inspect` document of a container: what was asked for, and what is mounted. */
#pragma once

#include "engine/engine-internal.h"

/* "Binds", "Mounts", "Tmpfs" and "VolumesFrom" of HostConfig. */
void inspect_add_wishes(const struct container_spec *spec, struct json_object *host);

/* "Mounts", by destination. What is the container's own (--tmpfs) is not in it, as with Docker. */
void inspect_add_mounts(const struct engine *engine, const struct container_config *config, struct json_object *root);

/* "Volumes" of Config: places of volumes without a name. */
void inspect_add_volumes(const struct container_config *config, struct json_object *object);
