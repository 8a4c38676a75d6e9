/* SPDX-License-Identifier: Apache-2.0 */
#include "image/inflate.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/mem.h"
#include "base/util.h"

enum { TRAILER_LENGTH = 8, RAW_DEFLATE = -MAX_WBITS };

struct state {
	z_stream stream;
	uint32_t crc, length; /* of what came out, the latter modulo 2^32 */
	bool stream_ended;
	uint8_t trailer[TRAILER_LENGTH];
	size_t trailer_len;
};

static void *zlib_new(void)
{
	struct state *state = NEW(struct state);
	if (inflateInit2(&state->stream, RAW_DEFLATE) != Z_OK)
		abort(); /* no memory: see base/mem.h */
	return state;
}

static void zlib_free(void *data)
{
	struct state *state = data;
	inflateEnd(&state->stream);
	free(state);
}

static void zlib_begin(void *data)
{
	struct state *state = data;
	inflateReset(&state->stream);
	state->crc = state->length = 0;
	state->stream_ended = false;
	state->trailer_len = 0;
}

static enum inflate_result run_stream(struct state *state, struct inflate_buffers *buffers)
{
	z_stream *stream = &state->stream;
	unsigned in_len = (unsigned)MIN(buffers->in_len, (size_t)UINT_MAX);
	unsigned out_len = (unsigned)MIN(buffers->out_len, (size_t)UINT_MAX);
	stream->next_in = (uint8_t *)buffers->in; /* it is only read; zlib's header says so if ZLIB_CONST is defined */
	stream->avail_in = in_len;
	stream->next_out = buffers->out;
	stream->avail_out = out_len;
	int r = inflate(stream, Z_NO_FLUSH);
	size_t made = out_len - stream->avail_out;
	state->crc = (uint32_t)crc32(state->crc, buffers->out, (unsigned)made);
	state->length += (uint32_t)made;
	buffers->in += in_len - stream->avail_in;
	buffers->in_len -= in_len - stream->avail_in;
	buffers->out += made;
	buffers->out_len -= made;
	state->stream_ended = r == Z_STREAM_END;
	/* Z_BUF_ERROR only says that there was nothing to do. */
	return r == Z_OK || r == Z_STREAM_END || r == Z_BUF_ERROR ? INFLATE_MORE : INFLATE_CORRUPT;
}

static uint32_t little_endian(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static enum inflate_result run_trailer(struct state *state, struct inflate_buffers *buffers)
{
	for (; state->trailer_len < TRAILER_LENGTH && buffers->in_len > 0; buffers->in_len--)
		state->trailer[state->trailer_len++] = *buffers->in++;
	if (state->trailer_len < TRAILER_LENGTH)
		return INFLATE_MORE;
	bool right = little_endian(state->trailer) == state->crc && little_endian(state->trailer + 4) == state->length;
	return right ? INFLATE_END : INFLATE_CHECKSUM;
}

static enum inflate_result zlib_run(void *data, struct inflate_buffers *buffers)
{
	struct state *state = data;
	enum inflate_result result = state->stream_ended ? INFLATE_MORE : run_stream(state, buffers);
	return result == INFLATE_MORE && state->stream_ended ? run_trailer(state, buffers) : result;
}

const struct inflater inflater_zlib = {
	.name = "zlib",
	.new_state = zlib_new,
	.free_state = zlib_free,
	.begin = zlib_begin,
	.run = zlib_run,
};

#if !HAVE_ISAL
const struct inflater *inflater_best(void)
{
	return &inflater_zlib;
}
#endif
