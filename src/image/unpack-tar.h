/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a tar archive: the only file that knows libarchive, of which it uses the tar reader alone (ustar, pax, GNU,
 * old V7), fed with blocks that are decompressed already.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "image/unpack-entry.h"

struct tar;

/* The next block in *ret, valid until the next call. Returns its length, 0 at the end, or a code. */
typedef ssize_t tar_block_fn(void *context, const void **ret, struct error *err);

int tar_open(tar_block_fn *block, void *context, struct tar **ret, struct error *err);
void tar_free(struct tar *tar);
static inline void tar_freep(struct tar **tar)
{
	tar_free(*tar);
}
#define _cleanup_tar_ _cleanup_(tar_freep)

/*
 * The next entry, valid until the next call, its values checked to be ones that exist. Returns 1, 0 at the end of the
 * archive (the stream may go on), or a code: ERR_IMG_LAYER, or that of the block function.
 */
int tar_next(struct tar *tar, const struct entry **ret, struct error *err);

/*
 * The next piece of the entry's data, somewhere inside its size, in the order of the archive. Returns 1, 0 when that was
 * all, or a code. What is not asked for is skipped.
 */
int tar_data(struct tar *tar, const void **ret_data, size_t *ret_len, uint64_t *ret_offset, struct error *err);
