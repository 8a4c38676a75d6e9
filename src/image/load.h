/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images out of an archive: an OCI image layout, or what `docker save` of any age writes; plain, gzip or zstd, or unpacked
 * to a directory. What is both is read as the layout, so that all digests stay.
 *
 *  L1  A worker unpacks the archive, as if it were a layer, into a staging directory, and ends before anything there is
 *      looked at: what was hashed cannot change after that.
 *  L2  Files of the archive are opened inside that directory only, and are plain files; links lead nowhere else.
 *  L3  A blob gets its name in the store after its digest and size were compared with what its manifest says, a layer
 *      after its DiffID was; what a Docker archive gives no digest for, gets the one that it has.
 *  L4  A file of a directory is hashed while it is copied into the store, for it may change at any time; each is read once.
 *
 * An archive may leave out what the store has.
 *
 * Sources: OCI image-spec, image-layout.md; Docker's image specification 1.2.
 */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "image/pull.h"
#include "image/transfer.h"
#include "storage/store.h"

struct load_options {
	int fd;			  /* a file, a pipe or a directory; stays the caller's */
	struct platform platform; /* of an index's entries */
};

enum {
	LOAD_WORKERS_MIN = 3, /* of which one unpacks the archive, which is the least of the work */
	LOAD_WORKERS_MAX = PULL_WORKERS_MAX,
};

/*
 * Ends the workers, of which LOAD_WORKERS_MIN are needed. *ret is an array, as the answer "done" has it. Errors:
 * ERR_IMG_MANIFEST, ERR_IMG_LAYER, ERR_IMG_DIGEST, ERR_IMG_ARCH, of the disk, ERR_CANCELLED.
 */
int load_images(struct store *store, const struct transfer *transfer, struct pull_workers *workers,
		const struct load_options *options, struct json_object **ret, struct error *err);
