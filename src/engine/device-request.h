/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices: those that every container may use, those of --device, and with --privileged all of the host's.
 *
 * Source: OCI runtime-spec config-linux.md, "Default Devices", "Allowed Device list".
 */
#pragma once

#include <json-c/json.h>

#include "base/error.h"
#include "engine/engine.h"

/*
 * Add linux.devices to @section (the spec's "linux") and the rules to @resources (its "resources"). Errors: ERR_DEV.
 */
int devices_add(const struct container_spec *spec, struct json_object *section, struct json_object *resources,
		struct error *err);

/* What --device was given, as Docker's `inspect` has it: PathOnHost, PathInContainer, CgroupPermissions. */
void devices_describe(char *const *texts, struct json_object *array);
