/* SPDX-License-Identifier: Apache-2.0 */
/* An image's configuration and manifest as JSON. Source: OCI image-spec, config.md and manifest.md. */
#pragma once

#include "base/json.h"
#include "image/config.h"
#include "image/manifest.h"

/*
 * Everything that @config holds, with a history of one entry: @comment, of the same time as the image. The caller puts
 * the reference.
 */
struct json_object *image_config_to_json(const struct image_config *config, const char *comment);

/* Its member "config" alone, into @root. */
void image_config_add_process(struct json_object *root, const struct image_config *config);

/* An OCI manifest; the descriptors' media types, digests and sizes are used. The caller puts the reference. */
struct json_object *manifest_to_json(const struct descriptor *config, const struct descriptor *layers, size_t n_layers);
