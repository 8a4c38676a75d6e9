/* SPDX-License-Identifier: Apache-2.0 */
#include "image/inflate.h"

#if HAVE_ISAL

#include <isa-l/igzip_lib.h>
#include <limits.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/util.h"

static void *isal_new(void)
{
	struct inflate_state *state = NEW(struct inflate_state);
	isal_inflate_init(state);
	return state;
}

/* isal_inflate_reset() leaves flags of the last member behind. */
static void isal_begin(void *data)
{
	struct inflate_state *state = data;
	isal_inflate_init(state);
	state->crc_flag = ISAL_GZIP_NO_HDR_VER; /* no header, but a trailer that is verified */
}

static enum inflate_result result_of(int code, const struct inflate_state *state)
{
	if (code == ISAL_INCORRECT_CHECKSUM)
		return INFLATE_CHECKSUM;
	if (code != ISAL_DECOMP_OK)
		return INFLATE_CORRUPT;
	return state->block_state == ISAL_BLOCK_FINISH ? INFLATE_END : INFLATE_MORE;
}

static enum inflate_result isal_run(void *data, struct inflate_buffers *buffers)
{
	struct inflate_state *state = data;
	uint32_t in_len = (uint32_t)MIN(buffers->in_len, (size_t)INT_MAX);
	uint32_t out_len = (uint32_t)MIN(buffers->out_len, (size_t)INT_MAX);
	state->next_in = (uint8_t *)buffers->in; /* it is only read */
	state->avail_in = in_len;
	state->next_out = buffers->out;
	state->avail_out = out_len;
	int code = isal_inflate(state);
	buffers->in += in_len - state->avail_in;
	buffers->in_len -= in_len - state->avail_in;
	buffers->out += out_len - state->avail_out;
	buffers->out_len -= out_len - state->avail_out;
	return result_of(code, state);
}

const struct inflater inflater_isal = {
	.name = "ISA-L",
	.new_state = isal_new,
	.free_state = free,
	.begin = isal_begin,
	.run = isal_run,
};

const struct inflater *inflater_best(void)
{
	return &inflater_isal;
}

#endif
