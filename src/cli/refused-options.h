/* SPDX-License-Identifier: Apache-2.0 */
/* Flags of Docker's and Podman's `run` and `create` that are known, and not had: each with the reason. */
#pragma once

#include "cli/options.h"

extern const struct option REFUSED_OPTIONS[];
