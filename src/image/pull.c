/* SPDX-License-Identifier: Apache-2.0 */
#include "image/pull.h"

#include <sched.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/util.h"
#include "image/blob.h"
#include "image/claim.h"
#include "image/pull-internal.h"
#include "storage/layer.h"
#include "storage/partial.h"

/* How often to look whether another process has what both want. */
enum { ELSEWHERE_POLL_MS = 50 };

/* For how long the beginning of a blob is worth its place. */
enum { PARTIAL_KEPT_SECONDS = 7 * 24 * 60 * 60 };

/* --- workers --- */

static size_t usable_processors(void)
{
	cpu_set_t set;
	return sched_getaffinity(0, sizeof set, &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
}

int pull_workers_start(struct pull_workers *workers, size_t min, size_t max, struct error *err)
{
	struct pull_workers started = { 0 };
	size_t most = MIN(max, (size_t)PULL_WORKERS_MAX), useful = MIN(usable_processors(), most);
	size_t wanted = MAX(min, useful);
	for (; started.n < wanted; started.n++) {
		int r = unpack_worker_start(&started.workers[started.n], err);
		if (r < 0) {
			pull_workers_done(&started);
			return r;
		}
	}
	*workers = started;
	return 0;
}

void pull_workers_done(struct pull_workers *workers)
{
	for (size_t i = 0; i < workers->n; i++)
		unpack_worker_free(workers->workers[i]);
	workers->n = 0;
}

/* --- the event loop --- */

static int collect_workers(struct pull *pull, const struct pollfd *fds, const size_t *worker_of, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!fds[i].revents)
			continue;
		struct pull_layer *layer = pull->busy_with[worker_of[i]];
		pull->busy_with[worker_of[i]] = NULL;
		int r = pull_layer_collect(layer, &pull->err);
		if (r < 0)
			return r;
	}
	return 0;
}

int pull_run_once(struct pull *pull)
{
	struct pollfd fds[TRANSFER_FDS + PULL_WORKERS_MAX];
	size_t worker_of[PULL_WORKERS_MAX], n = 0;
	transfer_watch(pull->transfer, fds);
	for (size_t i = 0; i < pull->workers->n; i++) {
		if (!pull->busy_with[i])
			continue;
		fds[TRANSFER_FDS + n] =
			(struct pollfd){ .fd = unpack_worker_fd(pull->workers->workers[i]), .events = POLLIN };
		worker_of[n++] = i;
	}
	struct error err = { 0 };
	int r = registry_run(pull->registry, fds, TRANSFER_FDS + n, pull->waits ? ELSEWHERE_POLL_MS : -1, &err);
	if (r >= 0)
		r = transfer_check(pull->transfer, fds, &err);
	if (r < 0) {
		pull->err = err;
		return r;
	}
	if (pull->err.code)
		return -pull->err.code;
	return collect_workers(pull, fds + TRANSFER_FDS, worker_of, n);
}

/* --- contents --- */

static struct pull_layer *find_content(struct pull *pull, const char *digest)
{
	for (size_t i = 0; i < pull->n_contents; i++)
		if (streq(pull->contents[i].descriptor->digest, digest))
			return &pull->contents[i];
	return NULL;
}

/* A manifest may have the same layer more than once; it is fetched and unpacked once. */
static int make_contents(struct pull *pull)
{
	const struct manifest *manifest = &pull->manifest;
	pull->contents = mem_alloc((manifest->n_layers + 1) * sizeof *pull->contents);
	pull->content_of = mem_alloc((manifest->n_layers + 1) * sizeof *pull->content_of);
	pull_layer_init(&pull->contents[pull->n_contents++], &pull->context, &manifest->config, 0);
	for (size_t i = 0; i < manifest->n_layers; i++) {
		const struct descriptor *layer = &manifest->layers[i];
		struct pull_layer *content = find_content(pull, layer->digest);
		if (content && (content->number == 0 || content->descriptor->size != layer->size ||
				content->descriptor->compression != layer->compression))
			return err_set(&pull->err, ERR_IMG_MANIFEST,
				       "manifest: %s is described in two ways that contradict each other",
				       layer->digest);
		if (!content) {
			content = &pull->contents[pull->n_contents++];
			pull_layer_init(content, &pull->context, layer, i + 1);
			int r = transfer_progress(pull->transfer, &content->progress, layer->digest, LAYER_WAITING, 0,
						  layer->size, &pull->err);
			if (r < 0)
				return r;
		}
		pull->content_of[i] = (size_t)(content - pull->contents);
	}
	return 0;
}

/* The config is there: from now on it is known what the layers are to become (P1). */
static int take_config(struct pull *pull)
{
	struct pull_layer *content = &pull->contents[0];
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = pull_layer_finish(content, &pull->err);
	if (r >= 0)
		r = blob_read(pull->store, content->descriptor->digest, IMAGE_CONFIG_SIZE_MAX, &text, &len, &pull->err);
	if (r >= 0)
		r = image_config_parse(text, len, &pull->config, &pull->err);
	if (r < 0)
		return r;
	size_t n_diff_ids = strv_count(pull->config.diff_ids), n_layers = pull->manifest.n_layers;
	if (n_diff_ids != n_layers)
		return err_set(&pull->err, ERR_IMG_MANIFEST,
			       "the manifest has %zu layers, but the image config has %zu", n_layers, n_diff_ids);
	for (size_t i = 0; i < n_layers; i++) {
		struct pull_layer *layer = &pull->contents[pull->content_of[i]];
		const char *diff_id = pull->config.diff_ids[i];
		if (layer->diff_id && !streq(layer->diff_id, diff_id))
			return err_set(&pull->err, ERR_IMG_MANIFEST,
				       "image config: %s is listed as the DiffID of a layer whose DiffID is %s",
				       diff_id, layer->diff_id);
		layer->diff_id = diff_id;
		if (layer_exists(pull->store, diff_id))
			layer->directory = DIRECTORY_THERE;
	}
	pull->have_config = true;
	return 0;
}

/* --- what to do next --- */

static int start_downloads(struct pull *pull)
{
	size_t under_way = 0;
	for (size_t i = 0; i < pull->n_contents; i++)
		under_way += pull->contents[i].bytes == BYTES_COMING;
	pull->waits = false;
	for (size_t i = 0; i < pull->n_contents && under_way < PULL_DOWNLOADS_MAX; i++) {
		struct pull_layer *layer = &pull->contents[i];
		if (layer->bytes != BYTES_MISSING && layer->bytes != BYTES_ELSEWHERE)
			continue;
		int r = pull_layer_download(layer, &pull->err);
		if (r < 0)
			return r;
		under_way += layer->bytes == BYTES_COMING;
		pull->waits |= layer->bytes == BYTES_ELSEWHERE;
	}
	return 0;
}

/* What is whole goes before what is still coming in, for a worker that follows the network is mostly idle. */
static struct pull_layer *next_to_unpack(struct pull *pull)
{
	struct pull_layer *coming = NULL;
	for (size_t i = 0; i < pull->n_contents; i++) {
		struct pull_layer *layer = &pull->contents[i];
		if (layer->directory != DIRECTORY_MISSING || layer->bytes < BYTES_COMING)
			continue;
		/* It may have come from another blob or another process meanwhile. */
		if (layer_exists(pull->store, layer->diff_id))
			layer->directory = DIRECTORY_THERE;
		else if (layer->bytes == BYTES_THERE)
			return layer;
		else if (!coming && !layer->resumed) /* what was kept may be damaged, and is read when it is whole */
			coming = layer;
	}
	return coming;
}

static int start_unpacking(struct pull *pull)
{
	for (size_t i = 0; i < pull->workers->n; i++) {
		struct pull_layer *layer = pull->busy_with[i] ? NULL : next_to_unpack(pull);
		if (!layer)
			continue;
		pull->busy_with[i] = layer;
		int r = pull_layer_unpack(layer, pull->workers->workers[i], &pull->err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int finish_layers(struct pull *pull)
{
	for (size_t i = 0; i < pull->n_contents; i++) {
		struct pull_layer *layer = &pull->contents[i];
		if (layer->finished || layer->bytes != BYTES_THERE || layer->directory != DIRECTORY_THERE)
			continue;
		int r = pull_layer_finish(layer, &pull->err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int advance(struct pull *pull)
{
	int r = start_downloads(pull);
	if (r >= 0 && !pull->have_config && pull->contents[0].bytes == BYTES_THERE)
		r = take_config(pull);
	if (r < 0 || !pull->have_config)
		return r;
	r = start_unpacking(pull); /* before the wait for the disk */
	return r < 0 ? r : finish_layers(pull);
}

static bool is_complete(const struct pull *pull)
{
	for (size_t i = 0; i < pull->n_contents; i++)
		if (!pull->contents[i].finished)
			return false;
	return true;
}

static int get_contents(struct pull *pull)
{
	int r = make_contents(pull);
	for (;;) {
		if (r >= 0)
			r = advance(pull);
		if (r < 0 || is_complete(pull))
			return r;
		r = pull_run_once(pull);
	}
}

/* --- the end --- */

static struct transfer_result result_of(const struct pull *pull)
{
	struct transfer_result result = { .size = pull->manifest.config.size };
	str_copy(result.manifest, sizeof result.manifest, pull->image.digest);
	str_copy(result.index, sizeof result.index, pull->index.digest);
	str_copy(result.digest, sizeof result.digest, pull->index.text ? pull->index.digest : pull->image.digest);
	str_copy(result.config, sizeof result.config, pull->manifest.config.digest);
	for (size_t i = 0; i < pull->manifest.n_layers; i++)
		result.size += pull->manifest.layers[i].size;
	return result;
}

int pull_name_image(const struct image_reference *reference, struct error *err)
{
	_cleanup_free_ char *name = reference_familiar(reference);
	err_stage(err, STAGE_PULL);
	if (err->code == ERR_IMG_TAG || err->code == ERR_REG_AUTH)
		return -err->code;
	return err_wrap(err, "cannot pull \"%s\"", name);
}

static void pull_done(struct pull *pull)
{
	/* First those who know of the contents, or still write into their directories. */
	registry_free(pull->registry);
	registry_route_done(&pull->route);
	pull_workers_done(pull->workers);
	for (size_t i = 0; i < pull->n_contents; i++)
		pull_layer_done(&pull->contents[i]);
	free(pull->contents);
	free(pull->content_of);
	image_config_done(&pull->config);
	pull_manifest_done(pull);
	staging_done(&pull->staging);
	fd_close(pull->claims);
}

static int ask_endpoint(struct pull *pull, const struct registry_endpoint *endpoint)
{
	/* It borrows the strings. */
	const struct image_reference reference = { .registry = endpoint->registry,
						   .repository = endpoint->repository,
						   .tag = pull->options->reference.tag,
						   .digest = pull->options->reference.digest };
	const struct registry_options options = { .timeout_ms = pull->options->timeout_ms,
						  .insecure = endpoint->insecure };
	registry_free(pull->registry);
	pull->registry = NULL;
	int r = registry_new(&reference, &options, &pull->registry, &pull->err);
	return r < 0 ? r : pull_get_manifest(pull);
}

/* A mirror that does not have it, or is not there, costs no more than the time to ask it. */
static int find_manifest(struct pull *pull)
{
	int r = registry_route_find(&pull->options->reference, &pull->route, &pull->err);
	for (size_t i = 0; r >= 0 && i < pull->route.n; i++) {
		r = ask_endpoint(pull, &pull->route.endpoints[i]);
		if (r >= 0 || !pull->route.endpoints[i].mirror || r == -ERR_CANCELLED)
			break;
		log_failure(LOG_LEVEL_INFO, "mirror", &pull->err);
		err_clear(&pull->err);
		pull_manifest_done(pull);
		r = 0;
	}
	return r;
}

static int pull_all(struct pull *pull, struct transfer_result *ret)
{
	int r = staging_open(pull->store, &pull->staging, &pull->err);
	if (r >= 0)
		r = pull->claims = claims_open(pull->store, &pull->err);
	if (r >= 0)
		r = find_manifest(pull);
	if (r < 0)
		return r;
	partial_sweep(pull->store, PARTIAL_KEPT_SECONDS);
	pull->context = (struct pull_context){ .store = pull->store,
					       .claims = pull->claims,
					       .staging = &pull->staging,
					       .transfer = pull->transfer,
					       .registry = pull->registry,
					       .err = &pull->err };
	pull->context.n_layers = pull->manifest.n_layers;
	r = get_contents(pull);
	if (r >= 0)
		r = pull_put_manifest(pull);
	if (r >= 0)
		*ret = result_of(pull);
	return r;
}

int pull_image(struct store *store, const struct transfer *transfer, struct pull_workers *workers,
	       const struct pull_options *options, struct transfer_result *ret, struct error *err)
{
	struct pull pull = {
		.store = store, .transfer = transfer, .workers = workers, .options = options, .claims = -1
	};
	int r = pull_all(&pull, ret);
	if (r < 0) {
		*err = pull.err;
		r = pull_name_image(&options->reference, err);
	}
	pull_done(&pull);
	return r;
}
