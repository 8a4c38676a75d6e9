/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's tables, as the steps that made them (db_open()). */
#pragma once

#include <stddef.h>

extern const char *const SCHEMA_STEPS[];
extern const size_t SCHEMA_STEP_COUNT;
