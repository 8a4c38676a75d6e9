/* SPDX-License-Identifier: Apache-2.0 */
#include "image/import.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "image/config-write.h"
#include "image/content.h"
#include "image/import-change.h"
#include "image/layer-form.h"
#include "storage/layer.h"

enum { READ_SIZE = 256 * 1024 };

/* The worker is told of more bytes in steps of this size. */
#define FEED_STEP (UINT64_C(256) * 1024)

struct import {
	struct store *store;
	const struct transfer *transfer;
	struct pull_workers *workers;
	struct unpack_worker *worker;
	const struct import_options *options;
	struct staging staging; /* of the blobs */
	struct staging layer;	/* the directory */
	struct content *content;
	enum layer_compression compression;
	uint64_t fed;
	struct unpack_result unpacked;
	char digest[DIGEST_TEXT_LENGTH + 1]; /* of the layer, as it is stored */
};

/* --- reading --- */

static int begin_unpack(struct import *import, struct error *err)
{
	int r = staging_open(import->store, &import->layer, err);
	if (r < 0)
		return r;
	uint64_t size = content_size(import->content);
	import->fed = size;
	return unpack_worker_begin(import->worker, content_fd(import->content), size, import->layer.fd,
				   import->compression, NULL, err);
}

static int collect(struct import *import, struct error *err)
{
	return unpack_worker_finish(import->worker, &import->unpacked, err);
}

/* Wait for @fd (-1: nothing) or for the worker; returns whether the worker has ended. */
static int wait_for(struct import *import, int fd, struct error *err)
{
	enum { WORKER = TRANSFER_FDS, INPUT, N_FDS };
	struct pollfd fds[N_FDS];
	transfer_watch(import->transfer, fds);
	fds[WORKER] = (struct pollfd){ .fd = unpack_worker_fd(import->worker), .events = POLLIN };
	fds[INPUT] = (struct pollfd){ .fd = fd, .events = POLLIN };
	if (RETRY_ON_EINTR(poll(fds, N_FDS, -1)) < 0)
		return err_sys(err, errno, "poll");
	int r = transfer_check(import->transfer, fds, err);
	return r < 0 ? r : fds[WORKER].revents != 0;
}

/* Read what is there; 0 is the end. */
static ssize_t read_some(struct import *import, char *buf, size_t size, struct error *err)
{
	ssize_t n = RETRY_ON_EINTR(read(import->options->fd, buf, size));
	return n < 0 ? err_sys(err, errno, "read the archive") : n;
}

/* The first bytes, enough to tell what it is; a pipe may bring them one by one. */
static int read_beginning(struct import *import, char *buf, struct error *err)
{
	size_t len = 0;
	while (len < LAYER_FORM_LENGTH) {
		int r = transfer_wait(import->transfer, import->options->fd, POLLIN, -1, err);
		ssize_t n = r < 0 ? r : read_some(import, buf + len, READ_SIZE - len, err);
		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	if (len == 0)
		return err_set(err, ERR_IMG_LAYER, "the archive is empty");
	int r = layer_form_detect(buf, len, "coffer import -", &import->compression, err);
	return r < 0 ? r : content_write(import->content, buf, len, err);
}

static int read_rest(struct import *import, char *buf, struct error *err)
{
	for (;;) {
		int r = wait_for(import, import->options->fd, err);
		if (r > 0) /* before the end: it can only have failed */
			r = collect(import, err);
		ssize_t n = r < 0 ? r : read_some(import, buf, READ_SIZE, err);
		if (n <= 0)
			return (int)n;
		r = content_write(import->content, buf, (size_t)n, err);
		uint64_t size = content_size(import->content);
		if (r >= 0 && size - import->fed >= FEED_STEP) {
			r = unpack_worker_feed(import->worker, size, false, err);
			import->fed = size;
		}
		if (r < 0)
			return r;
	}
}

static int finish_unpack(struct import *import, struct error *err)
{
	int r = content_finish(import->content, import->digest, err);
	if (r >= 0)
		r = unpack_worker_feed(import->worker, content_size(import->content), true, err);
	while (r == 0)
		r = wait_for(import, -1, err);
	if (r > 0)
		r = collect(import, err);
	if (r >= 0 && import->unpacked.entries == 0 && !import->options->base)
		return err_set(err, ERR_IMG_LAYER, "the archive is empty: it has no entries");
	return r;
}

static int read_archive(struct import *import, struct error *err)
{
	_cleanup_free_ char *buf = mem_alloc(READ_SIZE);
	int r = staging_open(import->store, &import->staging, err);
	if (r >= 0)
		r = content_open(&import->staging, &import->content, err);
	if (r >= 0)
		r = read_beginning(import, buf, err);
	if (r >= 0)
		r = begin_unpack(import, err);
	if (r >= 0)
		r = read_rest(import, buf, err);
	return r < 0 ? r : finish_unpack(import, err);
}

/* --- the image --- */

static int put_json(struct import *import, struct json_object *object, struct descriptor *ret, char *digest,
		    struct error *err)
{
	const char *text = json_text(object);
	ret->size = strlen(text);
	ret->digest = digest;
	return content_put(&import->staging, text, strlen(text), digest, err);
}

static int put_documents(struct import *import, struct json_object *config, const struct descriptor *layers,
			 size_t n_layers, struct transfer_result *ret, struct error *err)
{
	struct transfer_result result = { 0 };
	char media_config[] = MEDIA_OCI_CONFIG;
	struct descriptor config_descriptor = { .media_type = media_config }, manifest_descriptor = { 0 };
	int r = put_json(import, config, &config_descriptor, result.config, err);
	if (r < 0)
		return r;
	_cleanup_json_ struct json_object *manifest = manifest_to_json(&config_descriptor, layers, n_layers);
	r = put_json(import, manifest, &manifest_descriptor, result.manifest, err);
	if (r < 0)
		return r;
	str_copy(result.digest, sizeof result.digest, result.manifest);
	result.size = config_descriptor.size;
	for (size_t i = 0; i < n_layers; i++)
		result.size += layers[i].size;
	*ret = result;
	return 0;
}

static struct descriptor new_layer(struct import *import)
{
	return (struct descriptor){ .media_type = (char *)layer_form_media_type(import->compression),
				    .digest = import->digest,
				    .size = content_size(import->content) };
}

static int put_image(struct import *import, struct image_config *config, struct transfer_result *ret, struct error *err)
{
	char now[TIME_TEXT_MAX];
	const char *message = import->options->message;
	config->created = mem_strdup(time_format_rfc3339(time_now_ns(), now));
	config->platform = import->options->platform;
	strv_append(&config->diff_ids, import->unpacked.diff_id);
	const struct descriptor layer = new_layer(import);
	_cleanup_json_ struct json_object *object =
		image_config_to_json(config, str_is_empty(message) ? "Imported from -" : message);
	return put_documents(import, object, &layer, 1, ret, err);
}

/* An archive without entries has changed nothing, and is no layer. */
static int put_on_base(struct import *import, struct transfer_result *ret, struct error *err)
{
	const struct import_base *base = import->options->base;
	_cleanup_manifest_ struct manifest below = { 0 };
	bool empty = import->unpacked.entries == 0;
	int r = import_base_read(import->store, base, &below, err);
	if (r >= 0)
		r = import_base_complete(base, empty ? NULL : import->unpacked.diff_id, err);
	if (r < 0)
		return r;
	struct descriptor *layers = mem_alloc((below.n_layers + 1) * sizeof *layers);
	for (size_t i = 0; i < below.n_layers; i++)
		layers[i] = below.layers[i];
	layers[below.n_layers] = new_layer(import);
	r = put_documents(import, base->config, layers, below.n_layers + !empty, ret, err);
	free(layers);
	return r;
}

static int put_layer(struct import *import, struct error *err)
{
	if (import->unpacked.entries == 0)
		return 0;
	int r = content_commit(import->content, import->digest, err);
	return r < 0 ? r : layer_commit(import->store, import->layer.name, import->unpacked.diff_id, err);
}

static void import_done(struct import *import)
{
	pull_workers_done(import->workers); /* before their directory goes */
	content_free(import->content);
	staging_done(&import->layer);
	staging_done(&import->staging);
}

static int import_all(struct import *import, struct transfer_result *ret, struct error *err)
{
	_cleanup_image_config_ struct image_config config = { 0 };
	for (char *const *change = import->options->changes; change && *change; change++) {
		int r = import_change(&config, *change, err);
		if (r < 0)
			return r;
	}
	int r = read_archive(import, err);
	if (r >= 0)
		r = put_layer(import, err);
	if (r < 0)
		return err_stage(err, STAGE_UNPACK);
	return import->options->base ? put_on_base(import, ret, err) : put_image(import, &config, ret, err);
}

int import_image(struct store *store, const struct transfer *transfer, struct pull_workers *workers,
		 const struct import_options *options, struct transfer_result *ret, struct error *err)
{
	struct import import = { .store = store,
				 .transfer = transfer,
				 .workers = workers,
				 .worker = workers->workers[0],
				 .options = options };
	int r = import_all(&import, ret, err);
	import_done(&import);
	return r < 0 && !options->base ? err_wrap(err, "cannot import the image") : r;
}
