/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image of the store to a registry: its blobs as they are, several at once, then its manifest. The store keeps every
 * blob as it came, so the digests are those that were pulled.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "image/reference.h"
#include "image/transfer.h"
#include "storage/store.h"

enum {
	PUSH_UPLOADS_MAX = 4,
	PUSH_SOURCES_MAX = 4096,
};

/* A repository of the same registry that was seen to have a blob. */
struct push_source {
	char *digest, *repository;
};

struct push_options {
	struct image_reference reference; /* with a tag */
	char *manifest;			  /* digest */
	struct push_source *sources;
	size_t n_sources;
	unsigned timeout_ms; /* 0: as usual */
};
void push_options_done(struct push_options *options);

int push_image(struct store *store, const struct transfer *transfer, const struct push_options *options,
	       struct error *err);
