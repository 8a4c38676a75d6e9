/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether what the store holds is still what its names say (S1): a blob is hashed; a layer is unpacked once more from
 * its blob into tmp/, and the two directories are compared (image/verify-tree.h).
 *
 * So nothing has to be recorded when a layer is unpacked, and a pull pays nothing for being verifiable: the archive itself
 * is the record, and says more than a list of hashes would. A verification costs what unpacking costs, and the space
 * of one layer at a time: of an image of 1.3 GB, three quarters of the time of its import, and 11 MiB of memory.
 *
 * To repair means: a damaged blob is removed, so that the next pull or load of its image brings it again (a pull takes what
 * is there for what it should be, unless it has another size); a damaged layer is replaced by what its blob says.
 *
 * Of a layer whose blob or manifest is damaged nothing can be said, so nothing is: the damage that is reported is that of
 * the blob.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "image/pull.h"
#include "image/transfer.h"
#include "storage/store.h"

struct verify_options {
	char **blobs;	  /* digests of all that is to be hashed; strv */
	char **manifests; /* those of them that are image manifests, whose layers are compared; strv */
	bool repair;
};

enum { VERIFY_DIFFERENCES_MAX = 20 }; /* of one layer, that are told one by one */

/*
 * Each damage is an event of its own (image/transfer-protocol.h), and no failure. One worker is needed. Errors: of the
 * disk, ERR_CANCELLED.
 */
int verify_images(struct store *store, const struct transfer *transfer, struct pull_workers *workers,
		  const struct verify_options *options, struct error *err);
