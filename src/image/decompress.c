/* SPDX-License-Identifier: Apache-2.0 */
#include "image/decompress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/util.h"
#include "image/decompress-internal.h"

struct decompressor {
	const struct format *format;
	const struct inflater *inflater;
	void *state; /* of the format; made by the first read */
	bool ended;
	struct source source;
};

ssize_t source_fill(struct source *source, size_t want, struct error *err)
{
	if (source_left(source) < want && source->at > 0) {
		memmove(source->buf, source->buf + source->at, source_left(source));
		source->len -= source->at;
		source->at = 0;
	}
	while (source_left(source) < want && !source->ended) {
		ssize_t n = source->read(source->context, source->buf + source->len, SOURCE_SIZE - source->len);
		if (n < 0)
			return err_sys(err, (int)-n, "read the layer");
		source->ended = n == 0;
		source->len += (size_t)n;
		source->taken += (uint64_t)n;
	}
	return (ssize_t)source_left(source);
}

int decompress_truncated(const struct source *source, const char *what, struct error *err)
{
	return err_set(err, ERR_IMG_LAYER,
		       "layer is truncated: its %s stream ends in the middle, after %" PRIu64 " bytes", what,
		       source->taken);
}

static ssize_t run_plain(void *state, struct source *source, void *buf, size_t size, struct error *err)
{
	ssize_t left = source_fill(source, 1, err);
	if (left <= 0)
		return left;
	size_t n = MIN((size_t)left, size);
	memcpy(buf, source->buf + source->at, n);
	source->at += n;
	return (ssize_t)n;
}

static const struct format FORMAT_PLAIN = { .kind = LAYER_PLAIN, .run = run_plain };

/* What a file of one of the formats begins with. xz and bzip2 are known in order to be named. */
static const struct {
	const char *name;
	const struct format *format; /* NULL: we do not read it */
	size_t len;
	uint8_t magic[6], mask[6];
} SIGNATURES[] = {
	{ "gzip", &format_gzip, 3, { 0x1f, 0x8b, 0x08 }, { 0xff, 0xff, 0xff } },
	{ "zstd", &format_zstd, 4, { 0x28, 0xb5, 0x2f, 0xfd }, { 0xff, 0xff, 0xff, 0xff } },
	{ "zstd", &format_zstd, 4, { 0x50, 0x2a, 0x4d, 0x18 }, { 0xf0, 0xff, 0xff, 0xff } }, /* a skippable frame */
	{ "xz", NULL, 6, { 0xfd, '7', 'z', 'X', 'Z', 0 }, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
	{ "bzip2", NULL, 3, { 'B', 'Z', 'h' }, { 0xff, 0xff, 0xff } },
};

static bool signature_matches(size_t i, const uint8_t *bytes, size_t len)
{
	for (size_t k = 0; k < SIGNATURES[i].len; k++)
		if (k >= len || (bytes[k] & SIGNATURES[i].mask[k]) != SIGNATURES[i].magic[k])
			return false;
	return true;
}

static int choose_format(const uint8_t *bytes, size_t len, const struct format **ret, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(SIGNATURES); i++) {
		if (!signature_matches(i, bytes, len))
			continue;
		if (!SIGNATURES[i].format)
			return err_set(err, ERR_IMG_LAYER,
				       "layer is compressed with %s: it may be gzip, zstd or plain tar",
				       SIGNATURES[i].name);
		*ret = SIGNATURES[i].format;
		return 0;
	}
	*ret = &FORMAT_PLAIN;
	return 0;
}

int decompress_open(decompress_read_fn *read, void *context, struct decompressor **ret, struct error *err)
{
	_cleanup_decompressor_ struct decompressor *decompressor = NEW(struct decompressor);
	decompressor->source.read = read;
	decompressor->source.context = context;
	decompressor->inflater = inflater_best();
	ssize_t len = source_fill(&decompressor->source, sizeof SIGNATURES[0].magic, err);
	if (len < 0)
		return (int)len;
	int r = choose_format(decompressor->source.buf, (size_t)len, &decompressor->format, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(decompressor);
	return 0;
}

void decompress_free(struct decompressor *decompressor)
{
	if (!decompressor)
		return;
	if (decompressor->state)
		decompressor->format->free_state(decompressor->state);
	free(decompressor);
}

ssize_t decompress_read(struct decompressor *decompressor, void *buf, size_t size, struct error *err)
{
	const struct format *format = decompressor->format;
	if (!decompressor->state && format->new_state)
		decompressor->state = format->new_state(decompressor->inflater);
	size_t filled = 0;
	while (filled < size && !decompressor->ended) {
		ssize_t n = format->run(decompressor->state, &decompressor->source, (char *)buf + filled, size - filled,
					err);
		if (n < 0)
			return n;
		decompressor->ended = n == 0;
		filled += (size_t)n;
	}
	return (ssize_t)filled;
}

enum layer_compression decompress_kind(const struct decompressor *decompressor)
{
	return decompressor->format->kind;
}

uint64_t decompress_consumed(const struct decompressor *decompressor)
{
	return decompressor->source.taken;
}

void decompress_set_inflater(struct decompressor *decompressor, const struct inflater *inflater)
{
	decompressor->inflater = inflater;
}
