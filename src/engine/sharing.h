/* SPDX-License-Identifier: Apache-2.0 */
/* What a container shares with the host: --pid, --ipc, --uts, --cgroupns, --userns and --network host. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "engine/engine.h"
#include "runtime/spec.h"

/* Errors: ERR_INVALID for what is no mode or does not go together, ERR_UNSUPPORTED. */
int sharing_check(const struct container_spec *spec, struct error *err);

/* Whether it has no namespace of this type of its own. */
bool is_shared(const struct container_spec *spec, enum namespace_type type);
