/* SPDX-License-Identifier: Apache-2.0 */
/* The layers that a container's files are made of, with what each of them is called and who has made it. */
#pragma once

#include <stddef.h>

#include "engine/container-row.h"

struct fs_layer {
	char *dir;	  /* absolute */
	char *name;	  /* its DiffID; "container", "coffer" */
	char *created_by; /* the step of the image's history; "" if that does not say */
};

/* Topmost first: the container's own, the image's (storage/parents.h), and the one below all (engine/mountpoints.h). */
struct fs_layers {
	struct fs_layer *list;
	size_t count;
};

/* Those of an image alone. */
int fs_layers_of_image(struct engine *engine, const struct image *image, struct fs_layers *ret, struct error *err);

int fs_layers_of(struct engine *engine, const struct container_row *row, struct fs_layers *ret, struct error *err);
void fs_layers_done(struct fs_layers *layers);
#define _cleanup_fs_layers_ _cleanup_(fs_layers_done)
