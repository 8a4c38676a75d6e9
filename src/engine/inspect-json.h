/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces that the `inspect` documents of containers and images have in common. */
#pragma once

#include "base/json.h"
#include "engine/engine.h"

/* An array, empty for NULL. */
static inline void inspect_add_words(struct json_object *object, const char *key, char *const *v)
{
	struct json_object *array = json_add_array(object, key);
	for (; v && *v; v++)
		json_append_string(array, *v);
}

/* inspect-cgroup.c: where a container that runs is in the hierarchies of control groups, and what of State is known there. */
void inspect_add_cgroup(struct engine *engine, const struct container_record *record, struct json_object *root);
