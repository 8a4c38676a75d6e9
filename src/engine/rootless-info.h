/* SPDX-License-Identifier: Apache-2.0 */
/* What `info` says of a coffer without root. */
#pragma once

#include "engine/engine-internal.h"

struct json_object;

/* Add to @info, which has its Warnings: what there is for containers, and what they do without. Nothing for root's coffer. */
void rootless_info_add(const struct engine *engine, struct json_object *info);
