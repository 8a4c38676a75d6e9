/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which packages an image has, by the databases of dpkg and apk in its files. Those of rpm are no text; that there is one is
 * all that is said of it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "engine/engine.h"

struct image_package {
	const char *type; /* "deb", "apk" */
	char *name, *version, *architecture;
	char *layer;	  /* DiffID of the one that has brought it, in this version */
	char *created_by; /* what made that layer; may be empty */
};

struct image_packages {
	struct image_package *list; /* by name */
	size_t count;
	char *distribution, *release; /* ID and VERSION_ID of os-release(5), or NULL */
	bool has_rpm;		      /* and that is not read */
};
void image_packages_done(struct image_packages *packages);

int engine_image_packages(struct engine *engine, const struct image *image, struct image_packages *ret,
			  struct error *err);
