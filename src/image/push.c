/* SPDX-License-Identifier: Apache-2.0 */
#include "image/push.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "image/blob.h"
#include "image/hash.h"
#include "image/manifest.h"
#include "image/registry-config.h"
#include "image/registry-referrers.h"
#include "image/registry-upload.h"

enum {
	COPY_SIZE = 64 * 1024,
	ANSWER_MAX = 64 * 1024,
};

/* A blob of the image. */
struct push_blob {
	struct push *push;
	const struct descriptor *descriptor;
	bool is_layer;
	enum { BLOB_TO_DO, BLOB_UNDER_WAY, BLOB_DONE } state;
	int fd;
	struct registry_upload upload;
	struct layer_progress progress;
};

struct push {
	struct store *store;
	const struct transfer *transfer;
	const struct push_options *options;
	struct registry *registry;
	struct error err; /* of the callbacks */
	char *text;	  /* the manifest */
	size_t len;
	struct manifest manifest;
	struct push_blob *blobs; /* each distinct layer, and the config */
	size_t n_blobs;
	bool answered; /* the one question that is waited for */
	bool listed;   /* the registry has taken the manifest for a referrer */
};

void push_options_done(struct push_options *options)
{
	reference_done(&options->reference);
	free(options->manifest);
	for (size_t i = 0; i < options->n_sources; i++) {
		free(options->sources[i].digest);
		free(options->sources[i].repository);
	}
	free(options->sources);
	*options = (struct push_options){ 0 };
}

/* --- the event loop --- */

static int run_once(struct push *push)
{
	struct error err = { 0 };
	int r = registry_turn(push->registry, push->transfer, &err);
	if (r < 0 && !push->err.code)
		push->err = err;
	return push->err.code ? -push->err.code : 0;
}

static int ask(struct push *push, const struct registry_request *request)
{
	push->answered = false;
	registry_start(push->registry, request);
	int r = 0;
	while (r >= 0 && !push->answered)
		r = run_once(push);
	return r;
}

static void on_answer(void *context, struct http_answer *answer, const struct error *failure)
{
	struct push *push = context;
	push->answered = true;
	if (failure)
		push->err = *failure;
	else
		push->listed = answer->subject != NULL;
}

/* Which protocol it speaks and what it wants of us is found out by one question, before there are many. */
static int knock(struct push *push)
{
	return ask(push, &(struct registry_request){
				 .api_path = "", .size = ANSWER_MAX, .done = on_answer, .context = push });
}

/* --- blobs --- */

static int tell(struct push_blob *blob, enum layer_state state, uint64_t current)
{
	struct push *push = blob->push;
	const struct descriptor *descriptor = blob->descriptor;
	if (!blob->is_layer)
		return 0;
	return transfer_progress(push->transfer, &blob->progress, descriptor->digest, state, current, descriptor->size,
				 &push->err);
}

static void on_sent(void *context, uint64_t sent)
{
	(void)tell(context, LAYER_UPLOADING, sent);
}

/* The registry has found other bytes than the digest says: they were damaged here, or on the way. */
static int explain_refused(struct push_blob *blob, struct error *err)
{
	_cleanup_hash_ struct hash *hash = NULL;
	_cleanup_free_ char *buf = mem_alloc(COPY_SIZE);
	char digest[DIGEST_TEXT_LENGTH + 1];
	ssize_t n;
	if (hash_new(&hash, NULL) < 0)
		return -err->code;
	for (off_t at = 0; (n = RETRY_ON_EINTR(pread(blob->fd, buf, COPY_SIZE, at))) > 0; at += n)
		hash_update(hash, buf, (size_t)n);
	if (n < 0 || hash_finish(hash, digest, NULL) < 0 || streq(digest, blob->descriptor->digest))
		return -err->code;
	err_clear(err);
	(void)err_set(err, ERR_IMG_DIGEST, "blob '%s' in the store is damaged", blob->descriptor->digest);
	return err_cause(err, "what is there has the digest %s", digest);
}

static void on_ended(void *context, enum upload_result result, const struct http_answer *answer,
		     const struct error *failure)
{
	struct push_blob *blob = context;
	struct push *push = blob->push;
	if (push->err.code) /* the push has failed already */
		return;
	if (failure) {
		push->err = *failure;
		if (answer && answer->status == 400)
			(void)explain_refused(blob, &push->err);
		if (push->err.code != ERR_REG_AUTH)
			(void)err_wrap(&push->err, "%s sha256:%.12s…", blob->is_layer ? "layer" : "image config",
				       digest_hex(blob->descriptor->digest));
		return;
	}
	blob->state = BLOB_DONE;
	fd_close(TAKE_FD(blob->fd));
	if (result == UPLOAD_MOUNTED && blob->is_layer)
		(void)transfer_mounted(push->transfer, blob->descriptor->digest, blob->upload.from, &push->err);
	else
		(void)tell(blob, result == UPLOAD_SENT ? LAYER_DONE : LAYER_EXISTS, blob->descriptor->size);
}

static const char *find_source(const struct push *push, const char *digest)
{
	for (size_t i = 0; i < push->options->n_sources; i++)
		if (streq(push->options->sources[i].digest, digest))
			return push->options->sources[i].repository;
	return NULL;
}

static int start_blob(struct push_blob *blob)
{
	struct push *push = blob->push;
	const struct descriptor *descriptor = blob->descriptor;
	struct stat st;
	blob->fd = blob_open(push->store, descriptor->digest, &push->err);
	if (blob->fd < 0)
		return blob->fd;
	if (fstat(blob->fd, &st) < 0)
		return err_sys(&push->err, errno, "look at blob '%s'", descriptor->digest);
	if ((uint64_t)st.st_size != descriptor->size)
		return err_set(&push->err, ERR_IMG_DIGEST, "blob '%s' in the store has %lld bytes instead of %llu",
			       descriptor->digest, (long long)st.st_size, (unsigned long long)descriptor->size);
	blob->state = BLOB_UNDER_WAY;
	blob->upload = (struct registry_upload){ .digest = descriptor->digest,
						 .size = descriptor->size,
						 .fd = blob->fd,
						 .from = find_source(push, descriptor->digest),
						 .sent = on_sent,
						 .ended = on_ended,
						 .context = blob };
	registry_upload(push->registry, &blob->upload);
	return 0;
}

static void add_blob(struct push *push, const struct descriptor *descriptor, bool is_layer)
{
	for (size_t i = 0; i < push->n_blobs; i++)
		if (streq(push->blobs[i].descriptor->digest, descriptor->digest))
			return;
	push->blobs[push->n_blobs++] =
		(struct push_blob){ .push = push, .descriptor = descriptor, .is_layer = is_layer, .fd = -1 };
}

static int make_blobs(struct push *push)
{
	const struct manifest *manifest = &push->manifest;
	int r = 0;
	push->blobs = mem_alloc((manifest->n_layers + 1) * sizeof *push->blobs); /* they stay where they are */
	for (size_t i = 0; i < manifest->n_layers; i++)
		add_blob(push, &manifest->layers[i], true);
	add_blob(push, &manifest->config, false);
	for (size_t i = 0; r >= 0 && i < push->n_blobs; i++)
		r = tell(&push->blobs[i], LAYER_WAITING, 0);
	return r;
}

static size_t count_blobs(const struct push *push, int state)
{
	size_t count = 0;
	for (size_t i = 0; i < push->n_blobs; i++)
		count += (int)push->blobs[i].state == state;
	return count;
}

static int push_blobs(struct push *push)
{
	int r = make_blobs(push);
	while (r >= 0 && count_blobs(push, BLOB_DONE) < push->n_blobs) {
		size_t under_way = count_blobs(push, BLOB_UNDER_WAY);
		for (size_t i = 0; r >= 0 && i < push->n_blobs && under_way < PUSH_UPLOADS_MAX; i++) {
			if (push->blobs[i].state != BLOB_TO_DO)
				continue;
			r = start_blob(&push->blobs[i]);
			under_way++;
		}
		if (r >= 0)
			r = run_once(push);
	}
	return r;
}

/* --- the manifest --- */

static int read_manifest(struct push *push)
{
	const char *digest = push->options->manifest;
	int r = blob_read(push->store, digest, MANIFEST_SIZE_MAX, &push->text, &push->len, &push->err);
	if (r >= 0)
		r = manifest_parse(push->text, push->len, NULL, &push->manifest, &push->err);
	if (r >= 0 && push->manifest.is_index)
		r = err_set(&push->err, ERR_IMG_MANIFEST, "%s is an index, not the manifest of an image", digest);
	return r;
}

static int put_manifest(struct push *push)
{
	_cleanup_free_ char *path = mem_printf("manifests/%s", push->options->reference.tag);
	return ask(push, &(struct registry_request){
				 .method = "PUT",
				 .path = path,
				 .content_type = push->manifest.media_type,
				 .body = { .data = push->text, .len = push->len },
				 .size = ANSWER_MAX,
				 .done = on_answer,
				 .context = push,
			 });
}

/* A manifest that refers to another one stands in a list, which is ours to keep if the registry does not. */
static int list_referrer(struct push *push, const char *repository)
{
	_cleanup_referrer_ struct referrer referrer = { 0 };
	int r = referrer_parse(push->text, push->len, push->manifest.media_type, push->options->manifest, &referrer,
			       &push->err);
	if (r < 0 || !referrer.subject || push->listed)
		return r;
	return registry_referrers_update(push->registry, push->transfer, repository, &referrer, &push->err);
}

/* --- all of it --- */

static char **mount_repositories(const struct push_options *options)
{
	char **repositories = NULL;
	for (size_t i = 0; i < options->n_sources; i++)
		if (!strv_contains(repositories, options->sources[i].repository))
			strv_append(&repositories, options->sources[i].repository);
	return repositories;
}

static int push_all(struct push *push)
{
	_cleanup_strv_ char **repositories = mount_repositories(push->options);
	_cleanup_registry_route_ struct registry_route route = { 0 };
	int r = registry_route_find(&push->options->reference, &route, &push->err);
	if (r < 0)
		return r;
	const struct registry_endpoint *own = &route.endpoints[route.n - 1]; /* mirrors are not pushed to */
	const struct image_reference place = { .registry = own->registry,
					       .repository = own->repository,
					       .tag = push->options->reference.tag };
	const struct registry_options options = {
		.insecure = own->insecure,
		.timeout_ms = push->options->timeout_ms,
		.purpose = REGISTRY_PUSH,
		.mount_from = repositories,
	};
	r = read_manifest(push);
	if (r >= 0)
		r = registry_new(&place, &options, &push->registry, &push->err);
	if (r >= 0)
		r = knock(push);
	if (r >= 0)
		r = push_blobs(push);
	if (r >= 0)
		r = put_manifest(push);
	return r < 0 ? r : list_referrer(push, place.repository);
}

static void push_done(struct push *push)
{
	registry_free(push->registry); /* first, for it knows of the blobs */
	for (size_t i = 0; i < push->n_blobs; i++) {
		registry_upload_done(&push->blobs[i].upload);
		fd_close(push->blobs[i].fd);
	}
	free(push->blobs);
	manifest_done(&push->manifest);
	free(push->text);
}

int push_image(struct store *store, const struct transfer *transfer, const struct push_options *options,
	       struct error *err)
{
	struct push push = { .store = store, .transfer = transfer, .options = options };
	int r = push_all(&push);
	if (r < 0) {
		_cleanup_free_ char *name = reference_familiar(&options->reference);
		*err = push.err;
		if (r != -ERR_REG_AUTH)
			(void)err_wrap(err, "cannot push \"%s\"", name);
	}
	push_done(&push);
	return r;
}
