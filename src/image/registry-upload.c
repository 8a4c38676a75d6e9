/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registry-upload.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"
#include "image/registry-url.h"

#define SMALL_BYTES (UINT64_C(1) << 20)	    /* in one request */
#define PIECE_BYTES (UINT64_C(32) << 20)    /* for a registry that takes no more at once, ... */
#define PIECE_MIN_BYTES (UINT64_C(5) << 20) /* ... and what some object storages want at least */

enum {
	ANSWER_MAX = 64 * 1024,
	PATIENCE = 10, /* a registry hashes and stores all of it before it answers */
};

void registry_upload_done(struct registry_upload *upload)
{
	free(upload->location);
	upload->location = NULL;
}

static void end(struct registry_upload *upload, enum upload_result result, const struct http_answer *answer,
		const struct error *failure)
{
	upload->ended(upload->context, result, answer, failure);
}

/* An answer that does not lead on; it was no failure to the one who got it. */
static void end_astray(struct registry_upload *upload, const struct http_answer *answer)
{
	struct error err = { 0 };
	(void)err_set(&err, ERR_REG_ANSWER, "registry %s does not say where the upload goes on",
		      registry_name(upload->registry));
	(void)err_cause(&err, answer->location ? "it names %.300s" : "it names no location%s",
			answer->location ? answer->location : "");
	end(upload, UPLOAD_SENT, answer, &err);
}

static bool take_location(struct registry_upload *upload, const struct http_answer *answer)
{
	char *location = registry_url(answer);
	if (!location)
		return false;
	free(upload->location);
	upload->location = location;
	return true;
}

/* "0-99" or "bytes=0-99": so many bytes are there. One that has none says "0-0", as one that has one does. */
static bool take_range(struct registry_upload *upload, const struct http_answer *answer)
{
	const char *range = answer->range, *last;
	uint64_t end_at;
	if (!range)
		return false;
	last = str_after(range, "bytes=");
	last = str_after(last ? last : range, "0-");
	if (!last || parse_u64(last, upload->size, &end_at, NULL) < 0 || end_at >= MAX(upload->size, UINT64_C(1)))
		return false;
	upload->offset = end_at ? end_at + 1 : 0;
	return true;
}

/* Only what no try before has reached counts as progress: a registry that forgets does not keep us forever. */
static void count_progress(struct registry_upload *upload)
{
	if (upload->offset <= upload->best)
		return;
	upload->best = upload->offset;
	upload->tries = 0;
}

/* --- again --- */

static void ask_whether_there(struct registry_upload *upload);
static void begin(struct registry_upload *upload);
static void send_next(struct registry_upload *upload);

static void on_state(void *context, struct http_answer *answer, const struct error *failure)
{
	struct registry_upload *upload = context;
	if (failure && answer && answer->outcome == HTTP_ANSWERED && answer->status >= 400 && answer->status < 500 &&
	    answer->status != 401 && answer->status != 403) {
		ask_whether_there(upload); /* it has forgotten the upload, or has all of it */
	} else if (failure) {
		end(upload, UPLOAD_SENT, answer, failure);
	} else if (!take_range(upload, answer) || upload->offset == 0) {
		begin(upload);
	} else {
		(void)take_location(upload, answer);
		count_progress(upload);
		send_next(upload);
	}
}

static void ask_state(struct registry_upload *upload, int64_t rest_ms)
{
	registry_start(upload->registry, &(struct registry_request){ .url = upload->location,
								     .size = ANSWER_MAX,
								     .rest_ms = rest_ms,
								     .done = on_state,
								     .context = upload });
}

/* Whether what failed was the body's size, and smaller bodies are still possible. */
static bool cut_smaller(struct registry_upload *upload, const struct http_answer *answer)
{
	if (answer->status != 413 || upload->part <= PIECE_MIN_BYTES)
		return false;
	upload->piece = upload->part > PIECE_BYTES ? PIECE_BYTES : MAX(upload->part / 2, PIECE_MIN_BYTES);
	return true;
}

/* A part did not get there: go on from where the registry is, in a while. */
static void part_failed(struct registry_upload *upload, const struct http_answer *answer, const struct error *failure)
{
	bool out_of_step = answer && (answer->status == 404 || answer->status == 416);
	if (answer && cut_smaller(upload, answer)) {
		begin(upload);
		return;
	}
	if (!answer || (!out_of_step && !registry_is_transient(upload->registry, answer)) ||
	    ++upload->tries >= REGISTRY_TRIES) {
		end(upload, UPLOAD_SENT, answer, failure);
		return;
	}
	int64_t rest_ms = registry_backoff_ms(upload->tries, answer);
	log_info("registry %s: an upload broke off, next try in %lld ms", registry_name(upload->registry),
		 (long long)rest_ms);
	ask_state(upload, rest_ms);
}

/* --- the bytes --- */

static void on_sent(void *context, uint64_t sent)
{
	struct registry_upload *upload = context;
	upload->sent(upload->context, upload->offset + sent);
}

static void on_part(void *context, struct http_answer *answer, const struct error *failure)
{
	struct registry_upload *upload = context;
	uint64_t before = upload->offset;
	if (failure) {
		part_failed(upload, answer, failure);
		return;
	}
	if (!take_range(upload, answer))
		upload->offset += upload->part;
	(void)take_location(upload, answer);
	if (upload->offset <= before) { /* it took nothing of it */
		part_failed(upload, answer,
			    &(struct error){ .code = ERR_REG_ANSWER,
					     .message = "the registry takes nothing of an upload" });
		return;
	}
	count_progress(upload);
	send_next(upload);
}

static void on_complete(void *context, struct http_answer *answer, const struct error *failure)
{
	struct registry_upload *upload = context;
	if (failure)
		part_failed(upload, answer, failure);
	else
		end(upload, UPLOAD_SENT, answer, NULL);
}

static void send_part(struct registry_upload *upload)
{
	char range[64];
	uint64_t left = upload->size - upload->offset;
	upload->part = MIN(left, upload->piece);
	snprintf(range, sizeof range, "%" PRIu64 "-%" PRIu64, upload->offset, upload->offset + upload->part - 1);
	registry_start(upload->registry,
		       &(struct registry_request){
			       .method = "PATCH",
			       .url = upload->location,
			       .content_type = "application/octet-stream",
			       .content_range = upload->part < upload->size ? range : NULL,
			       .body = { .fd = upload->fd, .offset = upload->offset, .len = upload->part },
			       .sent = on_sent,
			       .patience = PATIENCE,
			       .once = true,
			       .size = ANSWER_MAX,
			       .done = on_part,
			       .context = upload,
		       });
}

/* The last request of an upload, with what is left of it. */
static void complete(struct registry_upload *upload)
{
	_cleanup_free_ char *url = url_add_query(upload->location, "digest", upload->digest);
	upload->part = upload->size - upload->offset;
	registry_start(upload->registry,
		       &(struct registry_request){
			       .method = "PUT",
			       .url = url,
			       .content_type = "application/octet-stream",
			       .body = { .fd = upload->fd, .offset = upload->offset, .len = upload->part },
			       .sent = on_sent,
			       .patience = PATIENCE,
			       .once = true,
			       .size = ANSWER_MAX,
			       .done = on_complete,
			       .context = upload,
		       });
}

static void send_next(struct registry_upload *upload)
{
	bool at_once = upload->offset == 0 && upload->size <= SMALL_BYTES;
	if (at_once || upload->offset == upload->size)
		complete(upload);
	else
		send_part(upload);
}

/* --- the beginning --- */

static void on_begun(void *context, struct http_answer *answer, const struct error *failure)
{
	struct registry_upload *upload = context;
	if (failure && upload->from && answer && answer->outcome == HTTP_ANSWERED) {
		upload->from = NULL; /* it may not be mounted: by its bytes, then */
		begin(upload);
	} else if (failure) {
		end(upload, UPLOAD_SENT, answer, failure);
	} else if (answer->status == 201) {
		end(upload, UPLOAD_MOUNTED, answer, NULL);
	} else if (!take_location(upload, answer)) {
		end_astray(upload, answer);
	} else {
		send_next(upload);
	}
}

static void begin(struct registry_upload *upload)
{
	_cleanup_free_ char *path =
		upload->from ? mem_printf("blobs/uploads/?mount=%s&from=%s", upload->digest, upload->from)
			     : mem_strdup("blobs/uploads/");
	upload->offset = 0;
	registry_start(
		upload->registry,
		&(struct registry_request){
			.method = "POST", .path = path, .size = ANSWER_MAX, .done = on_begun, .context = upload });
}

static void on_checked(void *context, struct http_answer *answer, const struct error *failure)
{
	struct registry_upload *upload = context;
	if (!failure)
		end(upload, upload->location ? UPLOAD_SENT : UPLOAD_EXISTS, answer, NULL);
	else if (answer && answer->outcome == HTTP_ANSWERED && answer->status == 404)
		begin(upload);
	else
		end(upload, UPLOAD_SENT, answer, failure);
}

static void ask_whether_there(struct registry_upload *upload)
{
	_cleanup_free_ char *path = mem_printf("blobs/%s", upload->digest);
	registry_start(
		upload->registry,
		&(struct registry_request){
			.method = "HEAD", .path = path, .size = ANSWER_MAX, .done = on_checked, .context = upload });
}

void registry_upload(struct registry *registry, struct registry_upload *upload)
{
	upload->registry = registry;
	upload->piece = UINT64_MAX;
	ask_whether_there(upload);
}
