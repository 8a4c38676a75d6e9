/* SPDX-License-Identifier: Apache-2.0 */
#include "image/import-base.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "image/blob.h"
#include "image/layer-form.h"

void import_base_done(struct import_base *base)
{
	free(base->manifest);
	json_object_put(base->config);
	*base = (struct import_base){ 0 };
}

int import_base_read(struct store *store, const struct import_base *base, struct manifest *ret, struct error *err)
{
	_cleanup_manifest_ struct manifest manifest = { 0 };
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r = blob_read(store, base->manifest, MANIFEST_SIZE_MAX, &text, &len, err);
	if (r >= 0)
		r = manifest_parse(text, len, NULL, &manifest, err);
	if (r < 0)
		return r;
	if (manifest.is_index)
		return err_set(err, ERR_IMG_MANIFEST, "%s is an index and no image", base->manifest);
	for (size_t i = 0; i < manifest.n_layers; i++) {
		free(manifest.layers[i].media_type);
		manifest.layers[i].media_type = mem_strdup(layer_form_media_type(manifest.layers[i].compression));
	}
	*ret = manifest;
	manifest = (struct manifest){ 0 };
	return 0;
}

int import_base_complete(const struct import_base *base, const char *diff_id, struct error *err)
{
	struct json_object *rootfs = NULL, *diff_ids = NULL, *history = NULL;
	bool whole = json_object_object_get_ex(base->config, "rootfs", &rootfs) &&
		     json_object_is_type(rootfs, json_type_object) &&
		     json_object_object_get_ex(base->config, "history", &history) &&
		     json_object_is_type(history, json_type_array) && json_object_array_length(history) > 0;
	if (!whole)
		return err_set(err, ERR_INVALID, "the configuration lacks its layers, or its history");
	/* Go writes null for the list of an image without layers. */
	if (!json_object_object_get_ex(rootfs, "diff_ids", &diff_ids) ||
	    !json_object_is_type(diff_ids, json_type_array))
		diff_ids = json_add_array(rootfs, "diff_ids");
	if (diff_id)
		json_append_string(diff_ids, diff_id);
	else
		json_add_bool(json_object_array_get_idx(history, json_object_array_length(history) - 1), "empty_layer",
			      true);
	return 0;
}
