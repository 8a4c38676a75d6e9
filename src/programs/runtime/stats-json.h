/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cgroup's counters as the data of runc's event "stats".
 * Source: what runc 1.1 to 1.4 print; its types/events.go for the names and for what is left out.
 */
#pragma once

#include <json-c/json.h>

#include "runtime/cgroup-stats.h"

/* A new object. */
struct json_object *stats_to_json(const struct cgroup_stats *stats);
