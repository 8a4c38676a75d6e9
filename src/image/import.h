/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image out of an archive: a layer, stored as it came (gzip, zstd or plain tar) and unpacked while it is read, a
 * configuration, and a manifest. The archive is that of a root filesystem, or what is laid over another image.
 */
#pragma once

#include "base/error.h"
#include "image/import-base.h"
#include "image/platform.h"
#include "image/pull.h"
#include "image/transfer.h"
#include "image/unpack.h"
#include "storage/store.h"

struct import_options {
	int fd; /* the archive: a file or a pipe; stays the caller's */
	struct platform platform;
	const char *message;		/* the comment in the image's history, or NULL */
	char *const *changes;		/* see import-change.h; or NULL */
	const struct import_base *base; /* what it is laid over, in which case the three above do not count; or NULL */
};

/*
 * Ends the workers, whatever the result; at least one is needed. Errors: ERR_INVALID (a change), ERR_IMG_LAYER (the
 * archive is empty, truncated, malformed or of a compression that we do not know), of the disk, ERR_CANCELLED.
 */
int import_image(struct store *store, const struct transfer *transfer, struct pull_workers *workers,
		 const struct import_options *options, struct transfer_result *ret, struct error *err);
