/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container has changed, against what its image shows. Nothing is mounted, and no link is followed: each directory is
 * opened in the one before.
 *
 * Source: kernel Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories".
 */
#pragma once

#include <stdbool.h>
#include <time.h>

#include "engine/container-row.h"
#include "engine/id-mapping.h"
#include "engine/merged.h"

/* Parents before what is in them, in the order of names; absolute paths. */
struct changes {
	struct container_change *list;
	size_t count;
};

void changes_done(struct changes *changes);
#define _cleanup_changes_ _cleanup_(changes_done)

/* Where they are looked for: the container's directory, and what its image shows. */
struct changes_source {
	int dir;
	struct merged *image;
	bool whole;		/* @dir holds everything, and not changes alone; ... */
	struct timespec filled; /* ... it was filled until then: see storage/snapshot.h */
	struct id_mapping ids;	/* that its files were given to; or empty */
};
#define CHANGES_SOURCE_NONE \
	{                   \
		.dir = -1   \
	}

int changes_open(struct engine *engine, const struct container_row *row, struct changes_source *ret, struct error *err);
void changes_source_done(struct changes_source *source);
#define _cleanup_changes_source_ _cleanup_(changes_source_done)

/*
 * Of a directory that holds everything, what has been touched since, or looks other than in the image: the first would do,
 * were no clock ever set back. Errors: of the system, without the container's name.
 */
int changes_find(const struct changes_source *source, struct changes *ret, struct error *err);
