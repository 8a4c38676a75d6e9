/* SPDX-License-Identifier: Apache-2.0 */
/* What an image is made on top of: another one, with one layer more. Source: OCI image-spec, config.md and manifest.md. */
#pragma once

#include "base/json.h"
#include "image/manifest.h"
#include "storage/store.h"

struct import_base {
	char *manifest;		    /* digest of the image below; its layers are those of the new one, too */
	struct json_object *config; /* of the new image, complete but for what only the layer tells */
};
void import_base_done(struct import_base *base);

/* The manifest, with the media types that its layers have in a manifest of OCI's. */
int import_base_read(struct store *store, const struct import_base *base, struct manifest *ret, struct error *err);

/*
 * Say in the configuration what the last entry of its history has made: the layer of @diff_id, or NULL for none. Errors:
 * ERR_INVALID for a configuration that has no place for that.
 */
int import_base_complete(const struct import_base *base, const char *diff_id, struct error *err);
