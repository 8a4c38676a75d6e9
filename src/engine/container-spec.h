/* SPDX-License-Identifier: Apache-2.0 */
/* struct container_spec as JSON and back: how the database keeps what a person asked for. */
#pragma once

#include "base/json.h"
#include "engine/engine.h"

/*
 * Left out is what counts only while the container is made (pull, the size of the console), what has a column of its own (the
 * pod), and what struct
 * container_config has in its final form (command, entrypoint, env with what is unset of it,
 * security_options).
 */
void container_spec_to_json(const struct container_spec *spec, struct json_object *object);
int container_spec_from_json(const struct json_node *object, struct container_spec *ret, struct error *err);

#define _cleanup_container_spec_ _cleanup_(container_spec_done)
