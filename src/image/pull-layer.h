/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One content of the image that is pulled, a layer or the config: its bytes come from the registry or are in the store,
 * and a layer's directory is made from them by a worker or is in the store. pull.c decides when which step is taken.
 */
#pragma once

#include <stdbool.h>

#include "image/content.h"
#include "image/manifest.h"
#include "image/registry.h"
#include "image/transfer.h"
#include "image/unpack.h"

/* What all contents of a pull have in common. */
struct pull_context {
	struct store *store;
	const struct staging *staging;
	const struct transfer *transfer;
	struct registry *registry;
	int claims; /* of what we fetch (image/claim.h) */
	size_t n_layers;
	struct error *err; /* what went wrong in a callback; the pull ends when it is set */
};

enum pull_bytes {
	BYTES_MISSING,
	BYTES_ELSEWHERE, /* another process is fetching them */
	BYTES_COMING,
	BYTES_THERE, /* and of the right digest */
};

enum pull_directory {
	DIRECTORY_MISSING,
	DIRECTORY_UNPACKING,
	DIRECTORY_THERE, /* in staging and of the right DiffID, or in the store */
};

struct pull_layer {
	const struct pull_context *pull;
	const struct descriptor *descriptor;
	size_t number;	     /* from 1, bottom first; 0 is the config */
	const char *diff_id; /* NULL until the config is known, and for the config */

	enum pull_bytes bytes;
	struct content *content; /* NULL if the blob was in the store */
	char *partial;		 /* its name while it is incomplete, see storage/partial.h */
	uint64_t resumed;	 /* bytes of it that an earlier pull has left */

	enum pull_directory directory; /* of the config: there from the beginning */
	struct staging staging;	       /* the directory, and ... */
	struct unpack_worker *worker;  /* ... who fills it */
	int blob;		       /* what the worker reads, if that is not the content's file */
	uint64_t fed;		       /* bytes that it knows of */
	struct error unpack_error;     /* it failed while the bytes may still turn out to be wrong */

	bool finished; /* all in place */
	struct layer_progress progress;
};

void pull_layer_init(struct pull_layer *layer, const struct pull_context *pull, const struct descriptor *descriptor,
		     size_t number);
void pull_layer_done(struct pull_layer *layer);

/* Fetch its bytes, unless another process does so just now, or has done so. */
int pull_layer_download(struct pull_layer *layer, struct error *err);

/* Give what is there of the layer to @worker; more follows as it comes in. */
int pull_layer_unpack(struct pull_layer *layer, struct unpack_worker *worker, struct error *err);

/* The worker has ended; collect what it did. */
int pull_layer_collect(struct pull_layer *layer, struct error *err);

/* Put in place what is not yet. Waits for the disk. */
int pull_layer_finish(struct pull_layer *layer, struct error *err);

/* "layer 2/5 sha256:0123456789ab...: " in front of the message, or "image config ...". Returns the code. */
int pull_layer_wrap(const struct pull_layer *layer, enum error_stage stage, struct error *err);
