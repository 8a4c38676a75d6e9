/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests, indexes and image configs. The first byte says as what the rest was served. What is accepted must keep
 * what the headers promise: valid digests, sizes and numbers below their ceilings, one kind of document.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "image/config.h"
#include "image/digest.h"
#include "image/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

static void check_descriptor(const struct descriptor *descriptor)
{
	check(descriptor->media_type && digest_is_valid(descriptor->digest));
	check(descriptor->size <= UINT64_C(1) << 50);
}

static void check_image(const struct manifest *manifest)
{
	check(manifest->n_manifests == 0 && manifest->n_layers <= MANIFEST_LAYERS_MAX);
	check_descriptor(&manifest->config);
	for (size_t i = 0; i < manifest->n_layers; i++)
		check_descriptor(&manifest->layers[i]);
}

static void check_index(const struct manifest *index)
{
	const struct platform wanted = { .os = "linux", .architecture = "arm64", .variant = "v8" };
	const struct descriptor *chosen = NULL;
	struct error err = { 0 };
	char text[64];
	check(index->n_layers == 0 && index->n_manifests <= INDEX_MANIFESTS_MAX);
	for (size_t i = 0; i < index->n_manifests; i++) {
		check_descriptor(&index->manifests[i]);
		check(strlen(platform_format(&index->manifests[i].platform, text)) < sizeof text);
	}
	int r = manifest_choose(index, &wanted, &chosen, &err);
	check(r == 0 ? chosen >= index->manifests && chosen < index->manifests + index->n_manifests
		     : r == -ERR_IMG_ARCH);
}

static void fuzz_manifest(const char *text, size_t len, const char *content_type)
{
	_cleanup_manifest_ struct manifest manifest = { 0 };
	struct error err = { 0 };
	int r = manifest_parse(text, len, content_type, &manifest, &err);
	if (r < 0) {
		check(r == -ERR_IMG_MANIFEST && err.message[0] && !manifest.media_type);
		return;
	}
	if (manifest.is_index)
		check_index(&manifest);
	else
		check_image(&manifest);
}

static void fuzz_config(const char *text, size_t len)
{
	_cleanup_image_config_ struct image_config config = { 0 };
	int r = image_config_parse(text, len, &config, NULL);
	check(r == 0 || r == -ERR_IMG_MANIFEST);
	for (char **diff_id = config.diff_ids; diff_id && *diff_id; diff_id++)
		check(digest_is_valid(*diff_id));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const content_types[] = { NULL,
						     "application/json",
						     MEDIA_OCI_MANIFEST,
						     MEDIA_DOCKER_MANIFEST,
						     MEDIA_OCI_INDEX,
						     MEDIA_DOCKER_LIST,
						     "text/html" };
	if (size == 0)
		return 0;
	const char *text = (const char *)data + 1;
	size_t kind = (size_t)(data[0] - '0') % (ARRAY_SIZE(content_types) + 1);
	if (kind == ARRAY_SIZE(content_types))
		fuzz_config(text, size - 1);
	else
		fuzz_manifest(text, size - 1, content_types[kind]);
	return 0;
}
