/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a load share: load.c reads the archive's documents, load-file.c its files. */
#pragma once

#include "image/content.h"
#include "image/load.h"

/* A worker for layers, and what it is at. */
struct load_job {
	struct unpack_worker *worker;
	char *path, *diff_id; /* NULL while it has nothing to do */
	struct staging staging;
	bool is_plain; /* its digest is that of its blob */
};

struct load {
	struct store *store;
	const struct transfer *transfer;
	struct load_job jobs[PULL_WORKERS_MAX];
	size_t n_jobs;
	const struct load_options *options;
	struct staging blobs; /* ours: what is verified and not in place yet */
	struct staging tree;  /* what the archive holds */
	int files;	      /* the directory of its files: that, or ... */
	bool is_foreign;      /* ... the caller's own, where others may write (L4) */
	struct json_object *images;
};

/* Unpack the archive into load->tree, with @workers[0], which ends (L1); a directory is taken as it is. */
int load_unpack(struct load *load, struct pull_workers *workers, struct error *err);

bool load_has(struct load *load, const char *path);

/* A file of the archive, whole. */
int load_read(struct load *load, const char *path, size_t max, char **ret, size_t *ret_len, struct error *err);

/* Put what @path holds into the store. Its digest and size are in *ret, and compared with what is in it before, if that is. */
struct load_blob {
	char digest[DIGEST_TEXT_LENGTH + 1];
	uint64_t size;
	enum layer_compression compression;
};
int load_blob(struct load *load, const char *path, struct load_blob *ret, struct error *err);

/* All workers but the first one, which unpacks the archive. */
void load_layers_init(struct load *load, const struct pull_workers *workers);
void load_layers_done(struct load *load);

/*
 * Have the layer whose blob is in the store unpacked, its DiffID compared, and put in place; as soon as a worker is free,
 * for which it waits. Errors may be those of another layer; @path names this one in its own.
 */
int load_layer(struct load *load, const struct load_blob *blob, const char *diff_id, const char *path,
	       struct error *err);

/* Wait until the layer is not under way any more, and until none is. */
int load_layers_settle(struct load *load, const char *diff_id, struct error *err);
int load_layers_finish(struct load *load, struct error *err);
