/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image from a registry to verified blobs and unpacked layers in the store.
 *
 * Everything runs on one event loop: the config and up to PULL_DOWNLOADS_MAX layers come in at once, each written to a
 * staging file and hashed on its way, and for each layer a worker unpacks what is there already. What the event loop
 * waits for, and so lets the network wait for, is the disk: when it puts a finished blob or layer in place.
 *
 * Invariants:
 *  P1  The config is verified and parsed before anything is unpacked, so every DiffID is known beforehand.
 *  P2  A worker learns that its archive is complete only when the archive's digest was right.
 *  P3  A blob or layer is put in place only when its digest or DiffID was right; the manifest comes last, when all that
 *      it names is there.
 *  P4  A failure leaves finished blobs and layers in the store, which are right whoever needs them, and nothing else.
 */
#pragma once

#include "base/error.h"
#include "image/digest.h"
#include "image/platform.h"
#include "image/reference.h"
#include "image/transfer.h"
#include "image/unpack.h"
#include "storage/store.h"

enum {
	PULL_DOWNLOADS_MAX = 4,
	PULL_WORKERS_MAX = 4,
};

/* Workers that unpack; started before there are threads, connections or secrets. */
struct pull_workers {
	struct unpack_worker *workers[PULL_WORKERS_MAX];
	size_t n;
};
/* At least @min, at most @max, in between as many as there are processors. */
int pull_workers_start(struct pull_workers *workers, size_t min, size_t max, struct error *err);
void pull_workers_done(struct pull_workers *workers);
#define _cleanup_pull_workers_ _cleanup_(pull_workers_done)

struct pull_options {
	struct image_reference reference;
	struct platform platform;
	unsigned timeout_ms; /* 0: as usual */
};

/* What the answer "done" says; empty strings for what there is not. */
struct transfer_result {
	char digest[DIGEST_TEXT_LENGTH + 1]; /* of what the reference named */
	char index[DIGEST_TEXT_LENGTH + 1];
	char manifest[DIGEST_TEXT_LENGTH + 1];
	char config[DIGEST_TEXT_LENGTH + 1];
	uint64_t size; /* bytes: layers, as they are stored, and the config */
};

/* Ends the workers, whatever the result. */
int pull_image(struct store *store, const struct transfer *transfer, struct pull_workers *workers,
	       const struct pull_options *options, struct transfer_result *ret, struct error *err);
