/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.json of Docker archives. What is accepted must keep what the header promises: names in full, ceilings. */
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "image/archive-manifest.h"
#include "image/manifest.h"
#include "image/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

static void check_name(const char *name)
{
	_cleanup_reference_ struct image_reference reference = { 0 };
	check(reference_parse(name, &reference, NULL) == 0 && reference.tag && !reference.digest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_archive_manifest_ struct archive_manifest manifest = { 0 };
	struct error err = { 0 };
	int r = archive_manifest_parse((const char *)data, size, &manifest, &err);
	if (r < 0) {
		check(r == -ERR_IMG_MANIFEST && err.message[0] && !manifest.images);
		return 0;
	}
	check(manifest.n_images > 0 && manifest.n_images <= ARCHIVE_IMAGES_MAX);
	for (size_t i = 0; i < manifest.n_images; i++) {
		const struct archive_image *image = &manifest.images[i];
		check(image->config && strv_count(image->layers) <= MANIFEST_LAYERS_MAX);
		check(strv_count(image->names) <= ARCHIVE_NAMES_MAX);
		for (char **name = image->names; name && *name; name++)
			check_name(*name);
	}
	return 0;
}
