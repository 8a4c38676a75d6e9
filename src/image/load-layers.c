/* SPDX-License-Identifier: Apache-2.0 */
/* The layers of a load: unpacked by all workers that there are, while the next blobs are hashed. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "image/blob.h"
#include "image/load-internal.h"
#include "storage/layer.h"

void load_layers_init(struct load *load, const struct pull_workers *workers)
{
	for (size_t i = 1; i < workers->n; i++) /* the first one has the archive */
		load->jobs[load->n_jobs++] = (struct load_job){ .worker = workers->workers[i] };
}

static void job_done(struct load_job *job)
{
	staging_done(&job->staging);
	free(TAKE_PTR(job->path));
	free(TAKE_PTR(job->diff_id));
}

void load_layers_done(struct load *load)
{
	for (size_t i = 0; i < load->n_jobs; i++)
		if (load->jobs[i].path)
			job_done(&load->jobs[i]);
}

/* --- ends --- */

static int mismatch(const char *path, const char *got, const char *wanted, struct error *err)
{
	(void)err_set(err, ERR_IMG_DIGEST, "layer '%s': it is not what the image config says", path);
	return err_cause(err, "unpacked, its digest is %s; the image config says %s", got, wanted);
}

static int collect(struct load *load, struct load_job *job, struct error *err)
{
	struct unpack_result result;
	int r = unpack_worker_finish(job->worker, &result, err);
	if (r < 0)
		err_wrap(err, "layer '%s'", job->path);
	else if (job->is_plain ? result.compression != LAYER_PLAIN : !streq(result.diff_id, job->diff_id))
		r = mismatch(job->path, result.diff_id, job->diff_id, err);
	else
		r = layer_commit(load->store, job->staging.name, job->diff_id, err);
	job_done(job);
	return r;
}

/* Wait for at least one of those that are busy. Returns their number, 0 if none is, or a code. */
static int wait_for_some(struct load *load, struct error *err)
{
	struct pollfd fds[TRANSFER_FDS + PULL_WORKERS_MAX];
	struct load_job *busy[PULL_WORKERS_MAX];
	size_t n = 0;
	for (size_t i = 0; i < load->n_jobs; i++) {
		if (!load->jobs[i].path)
			continue;
		fds[TRANSFER_FDS + n] =
			(struct pollfd){ .fd = unpack_worker_fd(load->jobs[i].worker), .events = POLLIN };
		busy[n++] = &load->jobs[i];
	}
	if (n == 0)
		return 0;
	transfer_watch(load->transfer, fds);
	if (RETRY_ON_EINTR(poll(fds, TRANSFER_FDS + n, -1)) < 0)
		return err_sys(err, errno, "poll");
	int r = transfer_check(load->transfer, fds, err);
	for (size_t i = 0; r >= 0 && i < n; i++)
		if (fds[TRANSFER_FDS + i].revents)
			r = collect(load, busy[i], err);
	return r < 0 ? r : (int)n;
}

int load_layers_finish(struct load *load, struct error *err)
{
	int r;
	do
		r = wait_for_some(load, err);
	while (r > 0);
	return r;
}

/* --- beginnings --- */

static struct load_job *find_job(struct load *load, const char *diff_id)
{
	for (size_t i = 0; i < load->n_jobs; i++)
		if (streq_null(load->jobs[i].diff_id, diff_id))
			return &load->jobs[i];
	return NULL;
}

int load_layers_settle(struct load *load, const char *diff_id, struct error *err)
{
	int r = 0;
	while (r >= 0 && find_job(load, diff_id))
		r = wait_for_some(load, err);
	return r;
}

static int begin(struct load *load, struct load_job *job, const struct load_blob *blob, struct error *err)
{
	struct unpack_limits limits = { 0 };
	_cleanup_close_ int fd = blob_open(load->store, blob->digest, err);
	int r = fd < 0 ? fd : unpack_limits_read(&limits, err);
	limits.no_digest = job->is_plain;
	if (r >= 0)
		r = staging_open(load->store, &job->staging, err);
	if (r >= 0)
		r = unpack_worker_begin(job->worker, fd, blob->size, job->staging.fd, blob->compression, &limits, err);
	return r < 0 ? r : unpack_worker_feed(job->worker, blob->size, true, err);
}

int load_layer(struct load *load, const struct load_blob *blob, const char *diff_id, const char *path,
	       struct error *err)
{
	/* A layer that is not compressed has been hashed already, as a blob. */
	bool is_plain = blob->compression == LAYER_PLAIN;
	if (is_plain && !streq(blob->digest, diff_id))
		return mismatch(path, blob->digest, diff_id, err);
	int r = 0;
	while (r >= 0 && !find_job(load, NULL))
		r = wait_for_some(load, err);
	if (r < 0)
		return r;
	struct load_job *job = find_job(load, NULL);
	job->path = mem_strdup(path);
	job->diff_id = mem_strdup(diff_id);
	job->is_plain = is_plain;
	r = begin(load, job, blob, err);
	if (r < 0)
		job_done(job);
	return r;
}
