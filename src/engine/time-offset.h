/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --time-offset CLOCK=SECONDS[.FRACTION]: a time namespace in which a clock is ahead of the host's, or with "-" behind it.
 * There are the clocks monotonic and boottime; the time of day is the host's in every container.
 *
 * Source: time_namespaces(7); OCI runtime-spec, config-linux.md, "Time offsets".
 */
#pragma once

#include <json-c/json.h>

#include "base/error.h"
#include "engine/engine.h"

bool time_offsets_are_wanted(const struct container_spec *spec);

/* Errors: ERR_INVALID; ERR_UNSUPPORTED for the time of day. */
int time_offsets_check(const struct container_spec *spec, struct error *err);

/* "timeOffsets" of the specification's "linux", of what was checked. */
void time_offsets_add(const struct container_spec *spec, struct json_object *section);
