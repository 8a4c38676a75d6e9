/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip: one or more members, each a header, a deflate stream and a trailer. Zeros may follow the last one (tapes and
 * some registries' storage pad with them); anything else there is refused.
 * Source: RFC 1952.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "base/util.h"
#include "image/decompress-internal.h"

enum {
	HEADER_LENGTH = 10,
	DEFLATE = 8,
	FLAG_HEADER_CRC = 1 << 1,
	FLAG_EXTRA = 1 << 2,
	FLAG_NAME = 1 << 3,
	FLAG_COMMENT = 1 << 4,
	FLAGS_RESERVED = 0xe0,
	TEXT_MAX = 64 * 1024, /* of the name and of the comment */
};

enum position { BETWEEN_MEMBERS, IN_MEMBER, IN_PADDING };

struct gzip {
	const struct inflater *inflater;
	void *inflate_state;
	enum position position;
	uint32_t header_crc; /* of the bytes of the header so far */
};

static void *gzip_new(const struct inflater *inflater)
{
	struct gzip *gzip = NEW(struct gzip);
	gzip->inflater = inflater;
	gzip->inflate_state = inflater->new_state();
	return gzip;
}

static void gzip_free(void *state)
{
	struct gzip *gzip = state;
	gzip->inflater->free_state(gzip->inflate_state);
	free(gzip);
}

static int corrupt(const char *why, struct error *err)
{
	return err_set(err, ERR_IMG_LAYER, "layer is corrupt: %s", why);
}

/* The next @len bytes of the header, into @buf unless that is NULL. They fit into the source's buffer. */
static int header_bytes(struct gzip *gzip, struct source *source, uint8_t *buf, size_t len, struct error *err)
{
	ssize_t left = source_fill(source, len, err);
	if (left < 0)
		return (int)left;
	if ((size_t)left < len)
		return decompress_truncated(source, "gzip", err);
	const uint8_t *at = source->buf + source->at;
	gzip->header_crc = (uint32_t)crc32(gzip->header_crc, at, (unsigned)len);
	source->at += len;
	if (buf)
		memcpy(buf, at, len);
	return 0;
}

/* Two bytes as a number. */
static int header_u16(struct gzip *gzip, struct source *source, unsigned *ret, struct error *err)
{
	uint8_t bytes[2] = { 0 };
	int r = header_bytes(gzip, source, bytes, sizeof bytes, err);
	*ret = bytes[0] | (unsigned)bytes[1] << 8;
	return r;
}

static int skip_extra(struct gzip *gzip, struct source *source, struct error *err)
{
	unsigned len;
	int r = header_u16(gzip, source, &len, err);
	return r < 0 ? r : header_bytes(gzip, source, NULL, len, err);
}

/* A text that ends in a zero byte. */
static int skip_text(struct gzip *gzip, struct source *source, struct error *err)
{
	for (size_t len = 0; len < TEXT_MAX; len++) {
		uint8_t byte = 0;
		int r = header_bytes(gzip, source, &byte, 1, err);
		if (r < 0 || byte == 0)
			return r;
	}
	return corrupt("a name in its gzip header does not end", err);
}

static int check_header_crc(struct gzip *gzip, struct source *source, struct error *err)
{
	unsigned expected = gzip->header_crc & 0xffff, found;
	int r = header_u16(gzip, source, &found, err);
	if (r < 0)
		return r;
	return found == expected ? 0 : corrupt("the checksum of its gzip header is wrong", err);
}

static int read_header(struct gzip *gzip, struct source *source, struct error *err)
{
	uint8_t fixed[HEADER_LENGTH] = { 0 };
	gzip->header_crc = 0;
	int r = header_bytes(gzip, source, fixed, sizeof fixed, err);
	if (r < 0)
		return r;
	if (fixed[0] != 0x1f || fixed[1] != 0x8b)
		return corrupt("something that is not gzip follows its gzip stream", err);
	int flags = fixed[3];
	if (fixed[2] != DEFLATE || (flags & FLAGS_RESERVED))
		return corrupt("its gzip header has unknown flags", err);
	if (flags & FLAG_EXTRA)
		r = skip_extra(gzip, source, err);
	if (r == 0 && (flags & FLAG_NAME))
		r = skip_text(gzip, source, err);
	if (r == 0 && (flags & FLAG_COMMENT))
		r = skip_text(gzip, source, err);
	if (r == 0 && (flags & FLAG_HEADER_CRC))
		r = check_header_crc(gzip, source, err);
	return r;
}

/* At the first byte behind a member, or of the stream. Returns 0 at the end of the stream, 1 in a member, or a code. */
static int next_member(struct gzip *gzip, struct source *source, struct error *err)
{
	ssize_t left = source_fill(source, 1, err);
	if (left <= 0)
		return (int)left;
	if (source->buf[source->at] == 0) {
		gzip->position = IN_PADDING;
		return 1;
	}
	int r = read_header(gzip, source, err);
	if (r < 0)
		return r;
	gzip->inflater->begin(gzip->inflate_state);
	gzip->position = IN_MEMBER;
	return 1;
}

static int skip_padding(struct source *source, struct error *err)
{
	ssize_t left;
	while ((left = source_fill(source, 1, err)) > 0)
		for (; source->at < source->len; source->at++)
			if (source->buf[source->at] != 0)
				return corrupt("something that is not gzip follows its gzip stream", err);
	return (int)left;
}

/* Returns the number of bytes that came out, or a code. None is no end: it is called again. */
static ssize_t run_member(struct gzip *gzip, struct source *source, void *buf, size_t size, struct error *err)
{
	ssize_t left = source_left(source) > 0 ? (ssize_t)source_left(source) : source_fill(source, 1, err);
	if (left < 0)
		return left;
	struct inflate_buffers buffers = {
		.in = source->buf + source->at, .in_len = (size_t)left, .out = buf, .out_len = size
	};
	enum inflate_result result = gzip->inflater->run(gzip->inflate_state, &buffers);
	source->at = source->len - buffers.in_len;
	size_t used = (size_t)left - buffers.in_len, made = size - buffers.out_len;
	switch (result) {
	case INFLATE_CORRUPT:
		return corrupt("its gzip stream cannot be decompressed", err);
	case INFLATE_CHECKSUM:
		return corrupt("the checksum of its gzip stream is wrong", err);
	case INFLATE_END:
		gzip->position = BETWEEN_MEMBERS;
		break;
	case INFLATE_MORE:
		/* With room for output and nothing done, it lacks input, or hangs in something malformed. */
		if (used == 0 && made == 0)
			return left == 0 ? decompress_truncated(source, "gzip", err)
					 : corrupt("its gzip stream cannot be decompressed", err);
		break;
	}
	return (ssize_t)made;
}

static ssize_t gzip_run(void *state, struct source *source, void *buf, size_t size, struct error *err)
{
	struct gzip *gzip = state;
	for (;;) {
		ssize_t n;
		switch (gzip->position) {
		case BETWEEN_MEMBERS:
			n = next_member(gzip, source, err);
			if (n <= 0)
				return n;
			break;
		case IN_MEMBER:
			n = run_member(gzip, source, buf, size, err);
			if (n != 0)
				return n;
			break;
		case IN_PADDING:
			return skip_padding(source, err);
		}
	}
}

const struct format format_gzip = {
	.kind = LAYER_GZIP,
	.new_state = gzip_new,
	.free_state = gzip_free,
	.run = gzip_run,
};
