/* SPDX-License-Identifier: Apache-2.0 */
/* What `info` says of a coffer without root. */
#pragma once

#include "base/json.h"

/* Add to @info, which has its Warnings: the ids that containers have, and what they do without. Nothing for root's coffer. */
void rootless_info_add(struct json_object *info);
