/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream of gzip, zstd or plain bytes, read as what is inside it.
 *
 * What the first bytes say counts, and not a media type: that is what Docker and containerd do, so there are images
 * whose media type lies. Concatenated gzip members and zstd frames are one stream. Checksums are verified.
 *
 * Errors: ERR_IMG_LAYER for bytes that are not what they should be, else what the reader failed with.
 * Sources: RFC 1952 (gzip), RFC 8878 (zstd).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "image/inflate.h"
#include "image/manifest.h"

/* Fill up to @size bytes of @buf. Returns their number, 0 at the end, or -errno. */
typedef ssize_t decompress_read_fn(void *context, void *buf, size_t size);

/* A zstd frame may ask for as much memory as this; what zstd -1 to -19 makes needs 8 MiB, --ultra --long=27 all of it. */
enum { DECOMPRESS_ZSTD_WINDOW_LOG_MAX = 27 };

struct decompressor;

/* Looks at the first bytes. @context stays the caller's. */
int decompress_open(decompress_read_fn *read, void *context, struct decompressor **ret, struct error *err);
void decompress_free(struct decompressor *decompressor);
static inline void decompress_freep(struct decompressor **decompressor)
{
	decompress_free(*decompressor);
}
#define _cleanup_decompressor_ _cleanup_(decompress_freep)

/* Read exactly @size bytes, fewer only at the end. Returns their number (0: the end was reached before) or a code. */
ssize_t decompress_read(struct decompressor *decompressor, void *buf, size_t size, struct error *err);

enum layer_compression decompress_kind(const struct decompressor *decompressor);

/* How many bytes were taken from the reader. */
uint64_t decompress_consumed(const struct decompressor *decompressor);

/* For tests: use this inflater and not the best one that there is. Before the first decompress_read(). */
void decompress_set_inflater(struct decompressor *decompressor, const struct inflater *inflater);
