/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest or index by tag or digest, checked to be the one that was asked for. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "image/digest.h"
#include "image/manifest.h"
#include "image/registry.h"

/* What we take for a manifest: both families, images and indexes. */
#define REGISTRY_MANIFEST_TYPES \
	MEDIA_OCI_INDEX ", " MEDIA_OCI_MANIFEST ", " MEDIA_DOCKER_LIST ", " MEDIA_DOCKER_MANIFEST

/* The document as it was served; manifest_parse() is for what it means. */
struct registry_manifest {
	char *text;
	size_t len;
	char *content_type; /* or NULL */
	char digest[DIGEST_TEXT_LENGTH + 1];
};
void registry_manifest_done(struct registry_manifest *manifest);
#define _cleanup_registry_manifest_ _cleanup_(registry_manifest_done)

/* A question and its answer, in the caller's memory. */
struct registry_manifest_fetch {
	bool ended;
	struct registry_manifest manifest; /* if there is no error */
	struct error err;

	struct registry *registry; /* the rest is for ourselves */
	char *name, *digest;
};

/*
 * Fetch the manifest that @reference names, by its digest if it has one. It has ended when registry_run() has set
 * `ended`; until then, or until registry_free(), *fetch has to stay where it is.
 *
 * Errors: ERR_IMG_TAG, whose cause tells a missing repository from a missing tag (it asks for the tags, then);
 * ERR_IMG_DIGEST; ERR_REG_*.
 */
void registry_manifest_fetch(struct registry *registry, const struct image_reference *reference,
			     struct registry_manifest_fetch *fetch);
void registry_manifest_fetch_done(struct registry_manifest_fetch *fetch);
#define _cleanup_registry_manifest_fetch_ _cleanup_(registry_manifest_fetch_done)
