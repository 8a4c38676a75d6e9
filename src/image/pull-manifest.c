/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "image/blob.h"
#include "image/pull-internal.h"
#include "image/registry-manifest.h"

/* Out of the store: whether it is there, and still has its digest. */
static bool load_document(struct pull *pull, const char *digest, struct document *ret)
{
	struct document document = { 0 };
	if (blob_read(pull->store, digest, MANIFEST_SIZE_MAX, &document.text, &document.len, NULL) < 0)
		return false;
	if (content_digest(document.text, document.len, document.digest, NULL) < 0 || !streq(document.digest, digest)) {
		free(document.text);
		return false;
	}
	*ret = document;
	return true;
}

static int fetch_document(struct pull *pull, const struct image_reference *reference, struct document *ret,
			  char **ret_content_type)
{
	_cleanup_registry_manifest_fetch_ struct registry_manifest_fetch fetch = { 0 };
	registry_manifest_fetch(pull->registry, reference, &fetch);
	while (!fetch.ended) {
		int r = pull_run_once(pull);
		if (r < 0)
			return r;
	}
	if (fetch.err.code) {
		pull->err = fetch.err;
		return -fetch.err.code;
	}
	ret->text = TAKE_PTR(fetch.manifest.text);
	ret->len = fetch.manifest.len;
	str_copy(ret->digest, sizeof ret->digest, fetch.manifest.digest);
	*ret_content_type = TAKE_PTR(fetch.manifest.content_type);
	return 0;
}

static int get_document(struct pull *pull, const struct image_reference *reference, struct document *ret,
			struct manifest *ret_manifest)
{
	_cleanup_free_ char *content_type = NULL;
	int r = 0;
	if (!reference->digest || !load_document(pull, reference->digest, ret))
		r = fetch_document(pull, reference, ret, &content_type);
	if (r >= 0)
		r = manifest_parse(ret->text, ret->len, content_type, ret_manifest, &pull->err);
	return r;
}

/* What the index says of its entry must hold, or it is no entry of this index. */
static int check_chosen(struct pull *pull, const struct descriptor *chosen)
{
	if (pull->image.len != chosen->size)
		return err_set(&pull->err, ERR_IMG_DIGEST,
			       "manifest %s is corrupt: it has %zu bytes, but the index says %llu", chosen->digest,
			       pull->image.len, (unsigned long long)chosen->size);
	if (!streq(pull->manifest.media_type, chosen->media_type))
		return err_set(&pull->err, ERR_IMG_MANIFEST, "manifest %s is of type \"%s\", but the index says \"%s\"",
			       chosen->digest, pull->manifest.media_type, chosen->media_type);
	return 0;
}

/* The first document was an index: choose, and get what was chosen. */
static int get_chosen(struct pull *pull)
{
	_cleanup_manifest_ struct manifest index = pull->manifest;
	pull->manifest = (struct manifest){ 0 };
	pull->index = pull->image;
	pull->image = (struct document){ 0 };
	const struct descriptor *chosen;
	int r = manifest_choose(&index, &pull->options->platform, &chosen, &pull->err);
	if (r < 0)
		return r;
	struct image_reference reference = pull->options->reference; /* borrows its strings */
	reference.digest = chosen->digest;
	r = get_document(pull, &reference, &pull->image, &pull->manifest);
	return r < 0 ? r : check_chosen(pull, chosen);
}

static int tell_manifest(struct pull *pull)
{
	struct json_object *event = json_object_new_object();
	json_add_string(event, "event", "manifest");
	json_add_string(event, "digest", pull->image.digest);
	struct json_object *layers = json_add_array(event, "layers");
	for (size_t i = 0; i < pull->manifest.n_layers; i++) {
		struct json_object *layer = json_object_new_object();
		json_add_string(layer, "digest", pull->manifest.layers[i].digest);
		json_add_i64(layer, "size", (int64_t)pull->manifest.layers[i].size);
		json_object_array_add(layers, layer);
	}
	return transfer_send(pull->transfer, event, &pull->err);
}

int pull_get_manifest(struct pull *pull)
{
	int r = get_document(pull, &pull->options->reference, &pull->image, &pull->manifest);
	if (r >= 0 && pull->manifest.is_index)
		r = get_chosen(pull);
	if (r < 0)
		return r;
	if (pull->manifest.config.size > IMAGE_CONFIG_SIZE_MAX)
		return err_set(&pull->err, ERR_IMG_MANIFEST, "the image config is larger than %d bytes",
			       IMAGE_CONFIG_SIZE_MAX);
	return tell_manifest(pull);
}

static int put_document(struct pull *pull, const struct document *document)
{
	char digest[DIGEST_TEXT_LENGTH + 1];
	return content_put(&pull->staging, document->text, document->len, digest, &pull->err);
}

int pull_put_manifest(struct pull *pull)
{
	int r = put_document(pull, &pull->image);
	return r >= 0 && pull->index.text ? put_document(pull, &pull->index) : r;
}

static void document_done(struct document *document)
{
	free(document->text);
	*document = (struct document){ 0 };
}

void pull_manifest_done(struct pull *pull)
{
	manifest_done(&pull->manifest);
	document_done(&pull->image);
	document_done(&pull->index);
}
