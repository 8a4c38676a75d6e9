/* SPDX-License-Identifier: Apache-2.0 */
/* `info --cgroups` */
#pragma once

#include <json-c/json.h>

/* Which controllers there are, and what the version of each means: @info is engine_cgroup_info()'s. */
void info_cgroups_print(struct json_object *info);
