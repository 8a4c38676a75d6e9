/* SPDX-License-Identifier: Apache-2.0 */
/* Pods in lists, with Podman's fields and headers. */
#pragma once

#include "cli/rows.h"
#include "engine/pod.h"

extern const struct rows_kind POD_ROWS;

/* For rows_add(). */
struct json_object *pod_fields(const struct pod *pod, bool no_trunc, int64_t now);
