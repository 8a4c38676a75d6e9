/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "engine/engine.h"

/* Bytes in the log of a container: its file, and those that were rotated away. 0 if its driver has none. */
int64_t container_log_size(const struct engine *engine, const char *id);
