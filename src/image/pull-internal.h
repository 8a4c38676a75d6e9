/* SPDX-License-Identifier: Apache-2.0 */
/* For the files of the pull: its state, and the steps that they take for each other. Errors go to pull->err. */
#pragma once

#include <stdbool.h>

#include "image/config.h"
#include "image/manifest.h"
#include "image/pull.h"
#include "image/pull-layer.h"
#include "image/registry-config.h"

/* A document of the image that was not in a layer: its bytes and the digest that they have. */
struct document {
	char *text;
	size_t len;
	char digest[DIGEST_TEXT_LENGTH + 1];
};

struct pull {
	struct store *store;
	const struct transfer *transfer;
	struct pull_workers *workers;
	const struct pull_options *options;
	struct registry_route route;
	struct registry *registry; /* the place on the route that has the image */
	struct staging staging;
	struct pull_context context;
	struct error err; /* of the callbacks */

	struct document index, image; /* the index is empty if the reference named an image at once */
	struct manifest manifest;
	struct image_config config;
	bool have_config;
	int claims;
	bool waits; /* for what another process fetches */

	struct pull_layer *contents; /* the config, and each distinct layer of the manifest */
	size_t n_contents;
	size_t *content_of; /* layer of the manifest -> its content */
	struct pull_layer *busy_with[PULL_WORKERS_MAX];
};

/* Wait for the network, the workers, and the order to stop; let each do its work. */
int pull_run_once(struct pull *pull);

/* Say in @err which image could not be pulled. Those of the messages that already do are left as they are. */
int pull_name_image(const struct image_reference *reference, struct error *err);

/* Find out which image it is: `index` and `image` and `manifest`; tell the engine. */
int pull_get_manifest(struct pull *pull);

/* Put the manifest, and the index, into the store; all that they name is there. */
int pull_put_manifest(struct pull *pull);

/* Release what the manifest step has got. */
void pull_manifest_done(struct pull *pull);
