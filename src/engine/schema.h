/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's tables, as the steps that made them (db_open()). */
#pragma once

#include <stddef.h>

/* Who has another container's network, or one by its path. An index has it in these words, and is used only for the same. */
#define CONTAINER_JOINS_NETWORK "(instr(config, '\"network\":\"container\"') OR instr(config, '\"network\":\"ns\"'))"

extern const char *const SCHEMA_STEPS[];
extern const size_t SCHEMA_STEP_COUNT;
