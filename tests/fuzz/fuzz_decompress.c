/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compressed streams. Both inflaters, whatever the pieces in which the bytes come and go, have to agree: on the bytes of
 * a stream that is whole, and on whether it is. The first byte of an input says in what pieces.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "image/decompress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUTPUT_MAX = 4 << 20 };

static void require(bool condition)
{
	if (!condition)
		abort();
}

struct input {
	const uint8_t *data;
	size_t len, piece;
};

static ssize_t read_input(void *context, void *buf, size_t size)
{
	struct input *input = context;
	size_t n = MIN(size, input->len);
	if (input->piece > 0 && n > input->piece)
		n = input->piece;
	if (n > 0)
		memcpy(buf, input->data, n);
	input->data += n;
	input->len -= n;
	return (ssize_t)n;
}

/* Returns 0 at the stream's end, 1 after OUTPUT_MAX bytes, or a code. */
static int decompress(struct input input, size_t step, const struct inflater *inflater, struct str *ret)
{
	struct error err = { 0 };
	_cleanup_decompressor_ struct decompressor *decompressor = NULL;
	int r = decompress_open(read_input, &input, &decompressor, &err);
	if (r < 0)
		return r;
	decompress_set_inflater(decompressor, inflater);
	_cleanup_free_ char *buf = mem_alloc(step);
	ssize_t n;
	while ((n = decompress_read(decompressor, buf, step, &err)) > 0 && ret->len < OUTPUT_MAX)
		str_append_len(ret, buf, (size_t)n);
	require(n >= 0 || (err.code == ERR_IMG_LAYER && err.message[0]));
	return n > 0 ? 1 : (int)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = { 0, 1, 2, 5, 8, 17, 100, 1000 }, steps[] = { 65536, 1, 7, 333 };
	if (size == 0)
		return 0;
	const struct input input = { .data = data + 1, .len = size - 1, .piece = pieces[data[0] & 7] };
	size_t step = steps[data[0] >> 3 & 3];
	_cleanup_str_ struct str reference = { 0 }, other = { 0 };
	int expected =
		decompress((struct input){ .data = data + 1, .len = size - 1 }, 65536, &inflater_zlib, &reference);
	int found = decompress(input, step, inflater_best(), &other);
	require(expected == found);
	if (expected == 0)
		require(reference.len == other.len && memcmp(str_text(&reference), str_text(&other), other.len) == 0);
	return 0;
}
