/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Docker's `inspect` documents have in any case, in Docker's order. What coffer knows better replaces it in its place;
 * so a member that coffer has no notion of says what it says in Docker when nobody has asked for it.
 * Source: Docker Engine API v1.50, ContainerInspectResponse; the answers of docker 28.
 */
#pragma once

#include "base/json.h"

enum shape_value { SHAPE_NULL, SHAPE_TEXT, SHAPE_ZERO, SHAPE_FALSE, SHAPE_LIST, SHAPE_MAP };

struct shape {
	const char *key; /* NULL ends a table */
	enum shape_value value;
};

extern const struct shape SHAPE_CONTAINER[], SHAPE_STATE[], SHAPE_HOST_CONFIG[], SHAPE_CONFIG[];
extern const struct shape SHAPE_NETWORK_SETTINGS[], SHAPE_ENDPOINT[]; /* the latter in its "Networks" */
extern const struct shape SHAPE_IMAGE[];

/* Add the members of @shape, empty, to @object. */
void shape_add(struct json_object *object, const struct shape *shape);

/* An object of that shape as a member of @object. */
struct json_object *shape_add_object(struct json_object *object, const char *key, const struct shape *shape);
