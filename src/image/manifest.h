/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests and indexes, Docker's and OCI's, from hostile bytes.
 *
 * A document is what its media type says: one that has both "layers" and "manifests", or whose mediaType contradicts
 * the type that it was served with, is refused (CVE-2021-41190). Errors: ERR_IMG_MANIFEST with the JSON pointer.
 *
 * Source: OCI image-spec manifest.md, image-index.md; Docker "Image Manifest Version 2, Schema 2".
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "image/platform.h"

#define MEDIA_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define MEDIA_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define MEDIA_OCI_LAYER "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_OCI_LAYER_GZIP "application/vnd.oci.image.layer.v1.tar+gzip"
#define MEDIA_OCI_LAYER_ZSTD "application/vnd.oci.image.layer.v1.tar+zstd"
#define MEDIA_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"
#define MEDIA_DOCKER_LAYER_GZIP "application/vnd.docker.image.rootfs.diff.tar.gzip"

enum {
	MANIFEST_SIZE_MAX = 4 << 20, /* bytes; the registries' own limit */
	MANIFEST_LAYERS_MAX = 500,   /* overlayfs stacks no more */
	INDEX_MANIFESTS_MAX = 4096,
};

enum layer_compression { LAYER_PLAIN, LAYER_GZIP, LAYER_ZSTD };

struct descriptor {
	char *media_type;
	char *digest;			    /* valid */
	uint64_t size;			    /* bytes */
	struct platform platform;	    /* of an index's entries; empty strings if not said */
	char *name;			    /* the same: what the annotations call it, unchecked; or NULL */
	enum layer_compression compression; /* of a manifest's layers */
};

struct manifest {
	char *media_type;
	/* An image: config and layers. */
	struct descriptor config;
	struct descriptor *layers; /* bottom first */
	size_t n_layers;
	/* An index: its manifests. */
	struct descriptor *manifests;
	size_t n_manifests;
	bool is_index;
};

/* @content_type is what the server or the descriptor said, or NULL. */
int manifest_parse(const char *text, size_t len, const char *content_type, struct manifest *ret, struct error *err);
void manifest_done(struct manifest *manifest);
#define _cleanup_manifest_ _cleanup_(manifest_done)

/* The best entry of an index for @wanted. Errors: ERR_IMG_ARCH, its cause listing what there is. */
int manifest_choose(const struct manifest *index, const struct platform *wanted, const struct descriptor **ret,
		    struct error *err);
