/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The deflate stream of a gzip member, and the trailer (CRC-32, length) that follows it, by one of two libraries: ISA-L
 * is several times faster, zlib is everywhere. The member's header is read by decompress-gzip.c for both of them, for
 * ISA-L (2.30) loses its place in a header that is split between two buffers.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum inflate_result {
	INFLATE_MORE,	 /* wants more input, or more room for output */
	INFLATE_END,	 /* the trailer was read, and is right */
	INFLATE_CORRUPT, /* no deflate stream */
	INFLATE_CHECKSUM /* a deflate stream, but not the one that the trailer is of */
};

/* Both move forward by what was used. */
struct inflate_buffers {
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_len;
};

struct inflater {
	const char *name;
	void *(*new_state)(void);
	void (*free_state)(void *state);
	void (*begin)(void *state); /* at the first byte behind a member's header */
	enum inflate_result (*run)(void *state, struct inflate_buffers *buffers);
};

extern const struct inflater inflater_zlib;
extern const struct inflater inflater_isal; /* only where HAVE_ISAL */

/* The fastest one of this build. */
const struct inflater *inflater_best(void);
