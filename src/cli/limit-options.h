/* SPDX-License-Identifier: Apache-2.0 */
/* What `run` and `create` say about a container, and `update` says anew: how much it may use, and when it starts again. */
#pragma once

#include "cli/options.h"
#include "engine/engine.h"

/* They fill a struct container_spec, which is the first member of the options of a command that has them. */
extern const struct option LIMIT_OPTIONS[];

/* The same of what `update` cannot change: what kind of control group it is, and where. */
extern const struct option CGROUP_OPTIONS[];
