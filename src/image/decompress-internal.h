/* SPDX-License-Identifier: Apache-2.0 */
/* What decompress.c and the formats below it share. */
#pragma once

#include <stdbool.h>

#include "image/decompress.h"

enum { SOURCE_SIZE = 128 * 1024 };

/* The compressed bytes, buffered. */
struct source {
	decompress_read_fn *read;
	void *context;
	uint64_t taken; /* from the reader */
	bool ended;	/* the reader has no more */
	size_t at, len; /* what of the buffer is filled and not used yet: [at, len) */
	uint8_t buf[SOURCE_SIZE];
};

static inline size_t source_left(const struct source *source)
{
	return source->len - source->at;
}

/*
 * Have at least @want unused bytes in the buffer; fewer only at the end of the stream. Returns how many there are, or a
 * code.
 */
ssize_t source_fill(struct source *source, size_t want, struct error *err);

/*
 * A format. run() fills some of @buf and returns how much, 0 at the end of the stream, or a code. It is not called
 * again after the end or an error.
 */
struct format {
	enum layer_compression kind;
	void *(*new_state)(const struct inflater *inflater);
	void (*free_state)(void *state);
	ssize_t (*run)(void *state, struct source *source, void *buf, size_t size, struct error *err);
};

extern const struct format format_gzip;
extern const struct format format_zstd;

int decompress_truncated(const struct source *source, const char *what, struct error *err);
