/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images of the store as one tar archive that is two things at once, as Docker 25 and later write it: an OCI image
 * layout (oci-layout, index.json, blobs/sha256/), and what `docker load` of any age reads (manifest.json, whose names of
 * files point into blobs/).
 *
 * Written to a directory, it is the same files without the archive.
 *
 * The store keeps every blob as it came, so all digests stay what they were at the registry. A blob that several images
 * have is written once. Each is hashed on its way out.
 *
 * Sources: OCI image-spec, image-layout.md; Docker's image specification 1.2, "Combined Image JSON + Filesystem
 * Changeset Format".
 */
#pragma once

#include "base/error.h"
#include "image/transfer.h"
#include "storage/store.h"

struct save_image {
	char *manifest; /* digest */
	char **names;	/* in full; or NULL */
};

struct save_options {
	int fd; /* a file, a pipe or an empty directory; stays the caller's */
	struct save_image *images;
	size_t n_images;
};

enum { SAVE_IMAGES_MAX = 1024 };

/* Errors: ERR_IMG_DIGEST (the store has a damaged blob), of the disk, ERR_CANCELLED. */
int save_images(struct store *store, const struct transfer *transfer, const struct save_options *options,
		struct error *err);
