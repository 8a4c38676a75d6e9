/* SPDX-License-Identifier: Apache-2.0 */
#include "image/pull-layer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "image/blob.h"
#include "image/claim.h"
#include "storage/layer.h"
#include "storage/partial.h"

/* A worker is told of more bytes in steps of this size; each is a message. */
#define FEED_STEP (UINT64_C(256) * 1024)

/* Of what broke off, less is not worth to be kept. */
#define PARTIAL_MIN (UINT64_C(64) * 1024)

enum { LAYER_NAME_MAX = 128, SHORT_DIGEST_MAX = 32 };

/* --- words --- */

/* "sha256:0123456789ab…" */
static const char *short_digest(const char *digest, char buf[static SHORT_DIGEST_MAX])
{
	snprintf(buf, SHORT_DIGEST_MAX, "sha256:%.12s…", digest_hex(digest));
	return buf;
}

static const char *layer_name(const struct pull_layer *layer, char buf[static LAYER_NAME_MAX])
{
	char digest[SHORT_DIGEST_MAX];
	short_digest(layer->descriptor->digest, digest);
	if (layer->number == 0)
		snprintf(buf, LAYER_NAME_MAX, "image config %s", digest);
	else
		snprintf(buf, LAYER_NAME_MAX, "layer %zu/%zu %s", layer->number, layer->pull->n_layers, digest);
	return buf;
}

int pull_layer_wrap(const struct pull_layer *layer, enum error_stage stage, struct error *err)
{
	char name[LAYER_NAME_MAX];
	(void)err_wrap(err, "%s", layer_name(layer, name));
	return err_stage(err, stage);
}

static int corrupt(const struct pull_layer *layer, struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int corrupt(const struct pull_layer *layer, struct error *err, const char *fmt, ...)
{
	char name[LAYER_NAME_MAX];
	_cleanup_str_ struct str why = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vappendf(&why, fmt, args);
	va_end(args);
	(void)err_set(err, ERR_IMG_DIGEST, "%s is corrupt: %s", layer_name(layer, name), str_text(&why));
	err_cause(err, "its full digest is %s", layer->descriptor->digest);
	return err_stage(err, STAGE_PULL);
}

static int tell(struct pull_layer *layer, enum layer_state state, uint64_t current, struct error *err)
{
	if (layer->number == 0)
		return 0;
	return transfer_progress(layer->pull->transfer, &layer->progress, layer->descriptor->digest, state, current,
				 layer->descriptor->size, err);
}

/* --- bytes --- */

void pull_layer_init(struct pull_layer *layer, const struct pull_context *pull, const struct descriptor *descriptor,
		     size_t number)
{
	*layer = (struct pull_layer){ .pull = pull, .descriptor = descriptor, .number = number, .blob = -1 };
	if (blob_is_whole(pull->store, descriptor->digest, descriptor->size))
		layer->bytes = BYTES_THERE;
	if (number == 0)
		layer->directory = DIRECTORY_THERE;
}

/* The pull was interrupted, or lost the registry: what it has got can be gone on with. */
static bool broke_off(const struct pull_layer *layer)
{
	static const int codes[] = { ERR_CANCELLED, ERR_REG_DNS, ERR_REG_REFUSED, ERR_REG_TIMEOUT, ERR_REG_ANSWER };
	bool found = false;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		found |= layer->pull->err->code == codes[i];
	return found && layer->content && layer->bytes == BYTES_COMING && content_size(layer->content) >= PARTIAL_MIN;
}

void pull_layer_done(struct pull_layer *layer)
{
	if (layer->partial && broke_off(layer))
		content_leave(layer->content, layer->partial);
	free(layer->partial);
	content_free(layer->content);
	fd_close(layer->blob);
	staging_done(&layer->staging);
}

/* Tell the worker, if there is one, how far the bytes are. */
static int feed(struct pull_layer *layer, struct error *err)
{
	uint64_t size = content_size(layer->content);
	bool complete = layer->bytes == BYTES_THERE;
	if (!layer->worker || (!complete && size - layer->fed < FEED_STEP))
		return 0;
	int r = unpack_worker_feed(layer->worker, size, complete, err);
	if (r < 0)
		return pull_layer_wrap(layer, STAGE_UNPACK, err);
	layer->fed = size;
	return 0;
}

static int on_bytes(void *context, const char *data, size_t len, struct error *err)
{
	struct pull_layer *layer = context;
	uint64_t size = layer->descriptor->size;
	if (len > size - content_size(layer->content))
		return corrupt(layer, err, "it is longer than the %" PRIu64 " bytes of its manifest", size);
	int r = content_write(layer->content, data, len, err);
	if (r < 0)
		return pull_layer_wrap(layer, STAGE_PULL, err);
	r = feed(layer, err);
	return r < 0 ? r : tell(layer, LAYER_DOWNLOADING, content_size(layer->content), err);
}

static void fetch(struct pull_layer *layer);

/* What an earlier pull has left may have suffered since, as by a power cut: that is no fault of the registry. */
static int begin_again(struct pull_layer *layer, struct error *err)
{
	log_debug("pull: %s: what was kept of it is damaged", layer->descriptor->digest);
	content_free(layer->content);
	layer->content = NULL;
	layer->resumed = 0;
	int r = content_open(layer->pull->staging, &layer->content, err);
	if (r < 0)
		return pull_layer_wrap(layer, STAGE_PULL, err);
	fetch(layer);
	return 0;
}

/* All bytes are there: are they the right ones? */
static int verify(struct pull_layer *layer, struct error *err)
{
	char digest[DIGEST_TEXT_LENGTH + 1], shorter[SHORT_DIGEST_MAX];
	uint64_t size = content_size(layer->content), wanted = layer->descriptor->size;
	int r = tell(layer, LAYER_VERIFYING, size, err);
	if (r >= 0)
		r = content_finish(layer->content, digest, err);
	if (r < 0)
		return r;
	bool right = size == wanted && streq(digest, layer->descriptor->digest);
	if (!right && layer->resumed)
		return begin_again(layer, err);
	if (size < wanted)
		return corrupt(layer, err, "it has only %" PRIu64 " of the %" PRIu64 " bytes of its manifest", size,
			       wanted);
	if (!right)
		return corrupt(layer, err, "got %s, %" PRIu64 " bytes", short_digest(digest, shorter), size);
	layer->bytes = BYTES_THERE;
	if (layer->unpack_error.code) {
		*err = layer->unpack_error;
		return -err->code;
	}
	r = feed(layer, err);
	if (r >= 0 && layer->worker)
		r = tell(layer, LAYER_EXTRACTING, size, err);
	return r;
}

static void on_end(void *context, struct http_answer *answer, const struct error *failure)
{
	struct pull_layer *layer = context;
	struct error *err = layer->pull->err;
	if (err->code) /* the pull has failed already */
		return;
	if (!failure) {
		(void)verify(layer, err);
		return;
	}
	*err = *failure;
	/* What the registry does not go on with is not kept again. */
	if (content_size(layer->content) == layer->resumed) {
		free(layer->partial);
		layer->partial = NULL;
	}
	if (err->code != ERR_REG_AUTH && (!answer || answer->outcome != HTTP_UNWANTED))
		(void)pull_layer_wrap(layer, STAGE_PULL, err);
}

/* What is missing of it. */
static void fetch(struct pull_layer *layer)
{
	_cleanup_free_ char *path = mem_printf("blobs/%s", layer->descriptor->digest);
	registry_start(layer->pull->registry, &(struct registry_request){ .path = path,
									  .receive = on_bytes,
									  .size = layer->descriptor->size,
									  .have = layer->resumed,
									  .done = on_end,
									  .context = layer });
}

int pull_layer_download(struct pull_layer *layer, struct error *err)
{
	const char *digest = layer->descriptor->digest;
	int r = claim_try(layer->pull->claims, digest, err);
	if (r <= 0) {
		layer->bytes = BYTES_ELSEWHERE;
		return r;
	}
	if (blob_exists(layer->pull->store, digest)) { /* it came from there */
		claim_drop(layer->pull->claims, digest);
		layer->bytes = BYTES_THERE;
		return 0;
	}
	layer->partial = partial_name(digest_hex(digest), registry_name(layer->pull->registry));
	r = content_resume(layer->pull->staging, layer->partial, layer->descriptor->size, &layer->content, err);
	if (r < 0)
		return pull_layer_wrap(layer, STAGE_PULL, err);
	layer->resumed = content_size(layer->content);
	layer->bytes = BYTES_COMING;
	fetch(layer);
	return tell(layer, LAYER_DOWNLOADING, layer->resumed, err);
}

/* --- directories --- */

static int begin_unpack(struct pull_layer *layer, struct unpack_worker *worker, struct error *err)
{
	uint64_t available = layer->descriptor->size;
	if (layer->content)
		available = content_size(layer->content);
	else
		layer->blob = blob_open(layer->pull->store, layer->descriptor->digest, err);
	if (!layer->content && layer->blob < 0)
		return layer->blob;
	int blob = layer->content ? content_fd(layer->content) : layer->blob;
	int r = staging_open(layer->pull->store, &layer->staging, err);
	if (r >= 0)
		r = unpack_worker_begin(worker, blob, available, layer->staging.fd, layer->descriptor->compression,
					NULL, err);
	if (r >= 0 && layer->bytes == BYTES_THERE)
		r = unpack_worker_feed(worker, available, true, err);
	layer->fed = available;
	return r;
}

int pull_layer_unpack(struct pull_layer *layer, struct unpack_worker *worker, struct error *err)
{
	layer->worker = worker;
	layer->directory = DIRECTORY_UNPACKING;
	int r = begin_unpack(layer, worker, err);
	if (r < 0)
		return pull_layer_wrap(layer, STAGE_UNPACK, err);
	return layer->bytes == BYTES_THERE ? tell(layer, LAYER_EXTRACTING, layer->descriptor->size, err) : 0;
}

int pull_layer_collect(struct pull_layer *layer, struct error *err)
{
	struct unpack_result result;
	struct error why = { 0 };
	char got[SHORT_DIGEST_MAX], wanted[SHORT_DIGEST_MAX];
	int r = unpack_worker_finish(layer->worker, &result, &why);
	layer->worker = NULL;
	if (r < 0) {
		(void)pull_layer_wrap(layer, STAGE_UNPACK, &why);
		/* An archive that makes no sense may be one that was damaged on its way: its digest will tell (P2). */
		bool wait = r == -ERR_IMG_LAYER && layer->bytes != BYTES_THERE;
		*(wait ? &layer->unpack_error : err) = why;
		return wait ? 0 : r;
	}
	if (!streq(result.diff_id, layer->diff_id))
		return corrupt(layer, err, "unpacked, it is %s, but the image config says %s",
			       short_digest(result.diff_id, got), short_digest(layer->diff_id, wanted));
	layer->directory = DIRECTORY_THERE;
	return 0;
}

/* --- the end --- */

int pull_layer_finish(struct pull_layer *layer, struct error *err)
{
	bool new_content = layer->content != NULL, new_directory = layer->staging.name != NULL;
	int r = new_content ? content_commit(layer->content, layer->descriptor->digest, err) : 0;
	if (r >= 0 && new_directory)
		r = layer_commit(layer->pull->store, layer->staging.name, layer->diff_id, err);
	if (r < 0)
		return pull_layer_wrap(layer, new_directory ? STAGE_UNPACK : STAGE_PULL, err);
	pull_layer_done(layer);
	claim_drop(layer->pull->claims, layer->descriptor->digest);
	layer->partial = NULL;
	layer->content = NULL;
	layer->blob = -1;
	layer->finished = true;
	return tell(layer, new_content || new_directory ? LAYER_DONE : LAYER_EXISTS, layer->descriptor->size, err);
}
