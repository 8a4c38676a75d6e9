/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.json of a Docker archive, from hostile bytes: its images, their names, and the files of the archive that hold
 * their configuration and layers.
 *
 * Source: Docker's image specification 1.2, "Combined Image JSON + Filesystem Changeset Format".
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

enum {
	ARCHIVE_IMAGES_MAX = 256,
	ARCHIVE_NAMES_MAX = 256, /* of one image */
};

struct archive_image {
	char *config;  /* a path in the archive, not looked at yet */
	char **layers; /* the same, bottom first */
	char **names;  /* in full, each with a tag */
};

struct archive_manifest {
	struct archive_image *images;
	size_t n_images;
};

/* Errors: ERR_IMG_MANIFEST. */
int archive_manifest_parse(const char *text, size_t len, struct archive_manifest *ret, struct error *err);
void archive_manifest_done(struct archive_manifest *manifest);
#define _cleanup_archive_manifest_ _cleanup_(archive_manifest_done)
