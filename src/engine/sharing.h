/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container shares with the host or with others: --pid, --ipc, --uts, --cgroupns, --userns and --network host. Of
 * each it has one of its own, the host's, that of another container ("container:NAME", see join.h), or that at a path
 * ("ns:PATH").
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "engine/engine.h"
#include "runtime/spec.h"

/* Errors: ERR_INVALID for what is no mode or does not go together, ERR_UNSUPPORTED. */
int sharing_check(const struct container_spec *spec, struct error *err);

/* Whether it has the host's namespace of this type. */
bool is_shared(const struct container_spec *spec, enum namespace_type type);

/* The name of the container whose namespace it is, the path of a namespace; or NULL. Not of networks. */
const char *joined_container(const struct container_spec *spec, enum namespace_type type);
const char *joined_path(const struct container_spec *spec, enum namespace_type type);

/* Whether it is made with a new one. */
bool has_own(const struct container_spec *spec, enum namespace_type type);
