/* SPDX-License-Identifier: Apache-2.0 */
/* Containers of pods, and the infra container whose namespaces they live in. */
#pragma once

#include "engine/engine-internal.h"

/* Start the infra container of @pod, unless it runs or is @id itself: what the container @id needs to start. */
int pod_start_infra(struct engine *engine, const char *pod, const char *id, struct error *err);

/* Errors: ERR_STATE for the infra container of a pod, which goes with that. */
int pod_check_removal(const struct container_row *row, struct error *err);
