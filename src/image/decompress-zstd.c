/* SPDX-License-Identifier: Apache-2.0 */
/* zstd: one or more frames, some of which may be skippable ones. Source: RFC 8878; zstd.h, "Streaming decompression". */
#include <zstd.h>
#include <zstd_errors.h>

#include <stdlib.h>

#include "base/mem.h"
#include "image/decompress-internal.h"

struct zstd {
	ZSTD_DCtx *context;
	bool in_frame;
};

static void *zstd_new(const struct inflater *inflater)
{
	struct zstd *zstd = NEW(struct zstd);
	zstd->context = ZSTD_createDCtx();
	if (!zstd->context ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(zstd->context, ZSTD_d_windowLogMax, DECOMPRESS_ZSTD_WINDOW_LOG_MAX)))
		abort(); /* no memory: see base/mem.h */
	return zstd;
}

static void zstd_free(void *state)
{
	struct zstd *zstd = state;
	ZSTD_freeDCtx(zstd->context);
	free(zstd);
}

static int zstd_error(size_t code, struct error *err)
{
	if (ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge)
		return err_set(err, ERR_IMG_LAYER, "layer needs too much memory: its zstd window is larger than %d MiB",
			       1 << (DECOMPRESS_ZSTD_WINDOW_LOG_MAX - 20));
	err_set(err, ERR_IMG_LAYER, "layer is corrupt: its zstd stream cannot be decompressed");
	return err_cause(err, "%s", ZSTD_getErrorName(code));
}

static ssize_t zstd_run(void *state, struct source *source, void *buf, size_t size, struct error *err)
{
	struct zstd *zstd = state;
	ZSTD_outBuffer out = { .dst = buf, .size = size };
	while (out.pos == 0) {
		ssize_t left = source_fill(source, 1, err);
		if (left < 0)
			return left;
		if (left == 0 && !zstd->in_frame)
			return 0;
		ZSTD_inBuffer in = { .src = source->buf + source->at, .size = (size_t)left };
		size_t code = ZSTD_decompressStream(zstd->context, &out, &in);
		if (ZSTD_isError(code))
			return zstd_error(code, err);
		source->at += in.pos;
		/* Without input it still hands out what it holds back; once that is nothing, the frame lacks its end. */
		if (left == 0 && out.pos == 0)
			return decompress_truncated(source, "zstd", err);
		zstd->in_frame = code != 0;
	}
	return (ssize_t)out.pos;
}

const struct format format_zstd = {
	.kind = LAYER_ZSTD,
	.new_state = zstd_new,
	.free_state = zstd_free,
	.run = zstd_run,
};
