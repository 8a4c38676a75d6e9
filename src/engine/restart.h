/* SPDX-License-Identifier: Apache-2.0 */
/* Restart policies: Docker's words for them, and which of them may be. */
#pragma once

#include "base/error.h"
#include "engine/engine.h"
#include "monitor/protocol.h"

/* Errors: ERR_INVALID, in Docker's words; ERR_USAGE for one that contradicts --rm. */
int restart_policy_check(const struct container_spec *spec, struct error *err);

/* Of a spec that was checked. */
enum restart_policy restart_policy_of(const struct container_spec *spec);

/* "no", "on-failure", ... */
const char *restart_policy_name(enum restart_policy policy);
