/* SPDX-License-Identifier: Apache-2.0 */
#include "image/load.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/archive-manifest.h"
#include "image/blob.h"
#include "image/config-write.h"
#include "image/layer-form.h"
#include "image/load-internal.h"
#include "storage/layer.h"

#define INDEX_FILE "index.json"
#define ARCHIVE_FILE "manifest.json"

/* An image of the archive, as its documents have it. */
struct source {
	const char *config; /* a path in the archive; likewise of each layer: */
	char **layers;
	struct descriptor *descriptors; /* of the layers, or NULL: the archive does not say */
	struct descriptor *config_descriptor;
};

/* --- what both kinds have --- */

static char *blob_path(const char *digest)
{
	return mem_printf("blobs/sha256/%s", digest_hex(digest));
}

static void expect(const struct descriptor *descriptor, struct load_blob *ret)
{
	*ret = (struct load_blob){ .size = descriptor->size, .compression = descriptor->compression };
	str_copy(ret->digest, sizeof ret->digest, descriptor->digest);
}

static int load_config(struct load *load, const struct source *source, struct load_blob *ret_blob,
		       struct image_config *ret, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = load_blob(load, source->config, ret_blob, err);
	if (r >= 0)
		r = blob_read(load->store, ret_blob->digest, IMAGE_CONFIG_SIZE_MAX, &text, &len, err);
	if (r >= 0)
		r = image_config_parse(text, len, ret, err);
	if (r < 0)
		return err_wrap(err, "image config '%s'", source->config);
	size_t wanted = strv_count(source->layers), got = strv_count(ret->diff_ids);
	return wanted == got ? 0
			     : err_set(err, ERR_IMG_MANIFEST,
				       "the manifest has %zu layers, but the image config '%s' has %zu", wanted,
				       source->config, got);
}

/* Both the blob and the directory being there already is no reason to read anything. */
static int load_one_layer(struct load *load, const char *path, const char *diff_id, struct load_blob *blob,
			  struct error *err)
{
	int r = load_layers_settle(load, diff_id, err);
	if (r < 0)
		return r;
	if (*blob->digest && blob_is_whole(load->store, blob->digest, blob->size) && layer_exists(load->store, diff_id))
		return 0;
	r = load_blob(load, path, blob, err);
	return r < 0 ? err_wrap(err, "layer '%s'", path) : load_layer(load, blob, diff_id, path, err);
}

/* *ret_layers becomes as many as the source has. */
static int load_contents(struct load *load, const struct source *source, struct load_blob *ret_config,
			 struct load_blob **ret_layers, struct error *err)
{
	_cleanup_image_config_ struct image_config config = { 0 };
	size_t count = strv_count(source->layers);
	_cleanup_free_ struct load_blob *layers = mem_alloc((count + 1) * sizeof *layers);
	if (source->config_descriptor)
		expect(source->config_descriptor, ret_config);
	int r = load_config(load, source, ret_config, &config, err);
	for (size_t i = 0; r >= 0 && i < count; i++) {
		if (source->descriptors)
			expect(&source->descriptors[i], &layers[i]);
		r = load_one_layer(load, source->layers[i], config.diff_ids[i], &layers[i], err);
	}
	if (r >= 0)
		r = load_layers_finish(load, err);
	if (r >= 0)
		*ret_layers = TAKE_PTR(layers);
	return r;
}

static struct json_object *find_result(struct load *load, const char *manifest)
{
	for (size_t i = 0; i < json_object_array_length(load->images); i++) {
		struct json_object *image = json_object_array_get_idx(load->images, i);
		if (streq(json_object_get_string(json_object_object_get(image, "manifest")), manifest))
			return image;
	}
	return NULL;
}

static void add_result(struct load *load, const char *manifest, const char *index, const char *config)
{
	struct json_object *image = json_object_new_object();
	json_add_string(image, "manifest", manifest);
	json_add_string(image, "index", index);
	json_add_string(image, "config", config);
	json_add_array(image, "names");
	json_object_array_add(load->images, image);
}

static void add_result_name(struct load *load, const char *manifest, const char *name)
{
	json_append_string(json_object_object_get(find_result(load, manifest), "names"), name);
}

/* --- an OCI image layout --- */

static int load_document(struct load *load, const struct descriptor *descriptor, struct manifest *ret,
			 struct error *err)
{
	_cleanup_free_ char *path = blob_path(descriptor->digest), *text = NULL;
	struct load_blob blob;
	size_t len;
	expect(descriptor, &blob);
	if (descriptor->size > MANIFEST_SIZE_MAX)
		return err_set(err, ERR_IMG_MANIFEST, "'%s' is larger than %d bytes", path, MANIFEST_SIZE_MAX);
	int r = load_blob(load, path, &blob, err);
	if (r >= 0)
		r = blob_read(load->store, descriptor->digest, MANIFEST_SIZE_MAX, &text, &len, err);
	if (r >= 0)
		r = manifest_parse(text, len, descriptor->media_type, ret, err);
	return r < 0 ? err_wrap(err, "manifest '%s'", path) : 0;
}

static int load_manifest(struct load *load, const char *digest, const char *index, struct manifest *manifest,
			 struct error *err)
{
	_cleanup_strv_ char **paths = NULL;
	_cleanup_free_ char *config = blob_path(manifest->config.digest);
	_cleanup_free_ struct load_blob *layers = NULL;
	struct load_blob config_blob = { 0 };
	for (size_t i = 0; i < manifest->n_layers; i++)
		strv_take(&paths, blob_path(manifest->layers[i].digest));
	const struct source source = { .config = config,
				       .layers = paths,
				       .descriptors = manifest->layers,
				       .config_descriptor = &manifest->config };
	int r = load_contents(load, &source, &config_blob, &layers, err);
	if (r >= 0)
		add_result(load, digest, index, config_blob.digest);
	return r;
}

/* *ret_digest becomes that of the image that an entry of index.json means. */
static int load_entry(struct load *load, const struct descriptor *entry, const char **ret_digest,
		      struct manifest *index, struct error *err)
{
	_cleanup_manifest_ struct manifest manifest = { 0 };
	const struct descriptor *chosen = entry;
	int r = load_document(load, entry, &manifest, err);
	if (r >= 0 && manifest.is_index) {
		*index = manifest;
		manifest = (struct manifest){ 0 };
		r = manifest_choose(index, &load->options->platform, &chosen, err);
		if (r >= 0)
			r = load_document(load, chosen, &manifest, err);
		if (r >= 0 && manifest.is_index)
			r = err_set(err, ERR_IMG_MANIFEST, "index %s is in an index itself", chosen->digest);
	}
	if (r < 0)
		return r;
	*ret_digest = chosen->digest;
	if (find_result(load, chosen->digest))
		return 0;
	return load_manifest(load, chosen->digest, chosen == entry ? NULL : entry->digest, &manifest, err);
}

/* The name in full, or NULL: one that is only a tag names nothing outside its layout. */
static char *full_name(const char *name)
{
	_cleanup_reference_ struct image_reference reference = { 0 };
	if (!name || !strpbrk(name, "/:") || reference_parse(name, &reference, NULL) < 0 || reference.digest)
		return NULL;
	return reference_full(&reference);
}

static int load_layout(struct load *load, struct error *err)
{
	_cleanup_manifest_ struct manifest layout = { 0 };
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = load_read(load, INDEX_FILE, MANIFEST_SIZE_MAX, &text, &len, err);
	if (r >= 0)
		r = manifest_parse(text, len, MEDIA_OCI_INDEX, &layout, err);
	if (r < 0)
		return err_wrap(err, INDEX_FILE);
	if (layout.n_manifests == 0 || layout.n_manifests > ARCHIVE_IMAGES_MAX)
		return err_set(err, ERR_IMG_MANIFEST, INDEX_FILE ": expected 1 to %d images, found %zu",
			       ARCHIVE_IMAGES_MAX, layout.n_manifests);
	for (size_t i = 0; r >= 0 && i < layout.n_manifests; i++) {
		_cleanup_manifest_ struct manifest index = { 0 };
		const char *digest = NULL;
		r = load_entry(load, &layout.manifests[i], &digest, &index, err);
		_cleanup_free_ char *name = r < 0 ? NULL : full_name(layout.manifests[i].name);
		if (name)
			add_result_name(load, digest, name);
	}
	return r;
}

/* --- a Docker archive --- */

/* It has no manifest of the registries' kind; one is made. */
static int put_manifest(struct load *load, struct load_blob *config, struct load_blob *layers, size_t n_layers,
			char digest[static DIGEST_TEXT_LENGTH + 1], struct error *err)
{
	char media_config[] = MEDIA_OCI_CONFIG;
	struct descriptor from = { .media_type = media_config, .digest = config->digest, .size = config->size };
	_cleanup_free_ struct descriptor *descriptors = mem_alloc((n_layers + 1) * sizeof *descriptors);
	for (size_t i = 0; i < n_layers; i++)
		descriptors[i] = (struct descriptor){
			.media_type = (char *)layer_form_media_type(layers[i].compression),
			.digest = layers[i].digest,
			.size = layers[i].size,
		};
	_cleanup_json_ struct json_object *manifest = manifest_to_json(&from, descriptors, n_layers);
	const char *text = json_text(manifest);
	return content_put(&load->blobs, text, strlen(text), digest, err);
}

static int load_archived(struct load *load, const struct archive_image *image, struct error *err)
{
	const struct source source = { .config = image->config, .layers = image->layers };
	_cleanup_free_ struct load_blob *layers = NULL;
	struct load_blob config = { 0 };
	char manifest[DIGEST_TEXT_LENGTH + 1];
	int r = load_contents(load, &source, &config, &layers, err);
	if (r >= 0)
		r = put_manifest(load, &config, layers, strv_count(image->layers), manifest, err);
	if (r < 0)
		return r;
	if (!find_result(load, manifest))
		add_result(load, manifest, NULL, config.digest);
	for (char **name = image->names; name && *name; name++)
		add_result_name(load, manifest, *name);
	return 0;
}

static int load_archive(struct load *load, struct error *err)
{
	_cleanup_archive_manifest_ struct archive_manifest manifest = { 0 };
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = load_read(load, ARCHIVE_FILE, MANIFEST_SIZE_MAX, &text, &len, err);
	if (r >= 0)
		r = archive_manifest_parse(text, len, &manifest, err);
	for (size_t i = 0; r >= 0 && i < manifest.n_images; i++)
		r = load_archived(load, &manifest.images[i], err);
	return r;
}

/* --- all of it --- */

static int load_all(struct load *load, struct pull_workers *workers, struct error *err)
{
	int r = staging_open(load->store, &load->blobs, err);
	if (r >= 0)
		r = load_unpack(load, workers, err);
	if (r < 0)
		return r;
	if (load_has(load, "oci-layout") && load_has(load, INDEX_FILE))
		return load_layout(load, err);
	if (load_has(load, ARCHIVE_FILE))
		return load_archive(load, err);
	return err_set(err, ERR_IMG_MANIFEST,
		       "the archive holds no image: there is neither \"" INDEX_FILE "\" nor \"" ARCHIVE_FILE
		       "\" in it");
}

int load_images(struct store *store, const struct transfer *transfer, struct pull_workers *workers,
		const struct load_options *options, struct json_object **ret, struct error *err)
{
	struct load load = {
		.store = store,
		.transfer = transfer,
		.options = options,
		.files = -1,
		.images = json_object_new_array(),
	};
	load_layers_init(&load, workers);
	int r = load_all(&load, workers, err);
	pull_workers_done(workers); /* before their directories go */
	load_layers_done(&load);
	staging_done(&load.tree);
	staging_done(&load.blobs);
	if (r >= 0)
		*ret = TAKE_PTR(load.images);
	json_object_put(load.images);
	return r;
}
