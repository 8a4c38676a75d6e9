/* SPDX-License-Identifier: Apache-2.0 */
/* What a container's monitor has recorded of its health (monitor/health.h). */
#pragma once

#include "engine/engine-internal.h"

/* HEALTH_IS_NONE if there are no checks. */
enum container_health health_record_state(struct engine *engine, const struct container_row *row);

/* As member "Health" of @state, in Docker's form; a container without checks adds nothing. */
void health_record_add(struct engine *engine, const struct container_row *row, struct json_object *state);
