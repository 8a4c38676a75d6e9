/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts that somebody has asked for: copies, and the form in which they are kept. */
#pragma once

#include "base/json.h"
#include "engine/engine.h"

void mount_request_done(struct mount_request *request);
#define _cleanup_mount_request_ _cleanup_(mount_request_done)

void mount_requests_free(struct mount_request *requests, size_t count);

/* Of the same strings, but its own. */
struct mount_request mount_request_copy(const struct mount_request *request);

/* "mounts" of @object; nothing where there are none. */
void mount_requests_to_json(const struct mount_request *requests, size_t count, struct json_object *object);
int mount_requests_from_json(const struct json_node *object, struct mount_request **ret, size_t *ret_count,
			     struct error *err);
