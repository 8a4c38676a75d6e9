/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where images of a registry are really fetched from: mirrors, other places, plain HTTP, or nowhere at all, as the files
 * of registry-files.h say.
 *
 * Source: containers-registries.conf(5), "NAMESPACED [[registry]] SETTINGS".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "image/reference.h"

struct registry_endpoint {
	char *registry;	  /* "docker.io", "mirror.example:5000" */
	char *repository; /* there */
	bool insecure;	  /* an unknown certificate will do, and so will plain HTTP */
	bool mirror;
};

/* What to try for one image, in this order; the last one is not a mirror. */
struct registry_route {
	struct registry_endpoint *endpoints;
	size_t n;
};
void registry_route_done(struct registry_route *route);
#define _cleanup_registry_route_ _cleanup_(registry_route_done)

/* Errors: ERR_PERMISSION for what is blocked, ERR_INVALID for files that make no sense. */
int registry_route_find(const struct image_reference *reference, struct registry_route *ret, struct error *err);
