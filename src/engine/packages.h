/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which packages an image has, by the databases of dpkg, apk and rpm in its files.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "engine/engine.h"

struct image_package {
	const char *type; /* "deb", "apk", "rpm" */
	char *name, *version, *architecture;
	char *layer;	  /* DiffID of the one that has brought it, in this version */
	char *created_by; /* what made that layer; may be empty */
};

struct image_packages {
	struct image_package *list; /* by name */
	size_t count;
	char *distribution, *release; /* ID and VERSION_ID of os-release(5), or NULL */
	const char *unread;	      /* what is wrong with rpm's database, if it could not be read; or NULL */
};
void image_packages_done(struct image_packages *packages);

int engine_image_packages(struct engine *engine, const struct image *image, struct image_packages *ret,
			  struct error *err);
