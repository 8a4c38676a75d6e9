/* SPDX-License-Identifier: Apache-2.0 */
/* Containers of pods, and the infra container whose namespaces they live in. */
#pragma once

#include "engine/engine-internal.h"

/* Start the infra container of @pod, unless it runs or is @id itself: what the container @id needs to start. */
int pod_start_infra(struct engine *engine, const char *pod, const char *id, struct error *err);

/* Stop the infra container of the pod, if this wants that, and nothing else of it runs any more; its end is not waited for. */
int pod_container_ended(struct engine *engine, const struct container_row *row, struct error *err);

/* Errors: ERR_STATE for the infra container of a pod, which goes with that. */
int pod_check_removal(const struct container_row *row, struct error *err);
