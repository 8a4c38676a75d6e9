/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engine/engine.h"

/* A word of warning for each bind that gives a container the host, or what rules it. --log-level error is without. */
void mount_warn_of_risks(const struct container_spec *spec);
