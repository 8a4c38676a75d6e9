/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Binds whose later mounts reach the host (-v /a:/b:rshared): the source has to be a shared mount, and the runtime must not
 * make a slave of it, which it does unless the container's root is shared as well.
 *
 * Sources: mount_namespaces(7), "Shared subtrees"; OCI runtime-spec, config-linux.md, "Rootfs Mount Propagation".
 */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "engine/engine.h"

/* Errors: ERR_MNT_SRC for a source that is on a mount of the host which is not shared. */
int mounts_shared_check(const struct container_spec *spec, struct error *err);

/* Say so in the OCI spec @root, if the container has such a bind; all that is not shared is said to be private then. */
void mounts_shared_add(const struct container_spec *spec, struct json_object *root);
