/* SPDX-License-Identifier: Apache-2.0 */
#include "image/archive-manifest.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/manifest.h"
#include "image/reference.h"

/* A getter that copies: there may be none, in JSON's words, too. */
static int parse_paths(const struct json_node *node, const char *key, size_t max, char ***ret, struct error *err)
{
	int r = json_get_strv(node, key, ret, err);
	if (r < 0)
		return r;
	size_t count = strv_count(*ret);
	return count > max ? json_error(node, err, "\"%s\" has %zu elements, at most %zu are taken", key, count, max)
			   : 0;
}

static int parse_names(const struct json_node *node, struct archive_image *image, struct error *err)
{
	_cleanup_strv_ char **tags = NULL;
	int r = parse_paths(node, "RepoTags", ARCHIVE_NAMES_MAX, &tags, err);
	for (char **tag = tags; r >= 0 && tag && *tag; tag++) {
		_cleanup_reference_ struct image_reference reference = { 0 };
		struct error why = { 0 };
		if (reference_parse(*tag, &reference, &why) < 0 || reference.digest)
			return json_error(node, err, "\"RepoTags\": \"%.256s\" is no name with a tag", *tag);
		strv_take(&image->names, reference_full(&reference));
	}
	return r;
}

static int parse_image(const struct json_node *node, struct archive_image *image, struct error *err)
{
	const char *config;
	int r = json_as_object(node, err);
	if (r >= 0)
		r = json_need_string(node, "Config", &config, err);
	if (r < 0)
		return r;
	image->config = mem_strdup(config);
	r = parse_paths(node, "Layers", MANIFEST_LAYERS_MAX, &image->layers, err);
	return r < 0 ? r : parse_names(node, image, err);
}

static int parse_root(const struct json_node *root, struct archive_manifest *manifest, struct error *err)
{
	if (!json_object_is_type(root->value, json_type_array))
		return json_error(root, err, "expected an array");
	size_t count = json_array_length(root);
	if (count == 0 || count > ARCHIVE_IMAGES_MAX)
		return json_error(root, err, "expected 1 to %d images, found %zu", ARCHIVE_IMAGES_MAX, count);
	manifest->images = mem_alloc(count * sizeof *manifest->images);
	int r = 0;
	for (size_t i = 0; r >= 0 && i < count; i++) {
		struct json_node node = json_array_at(root, i);
		r = parse_image(&node, &manifest->images[manifest->n_images++], err);
	}
	return r;
}

int archive_manifest_parse(const char *text, size_t len, struct archive_manifest *ret, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	_cleanup_archive_manifest_ struct archive_manifest manifest = { 0 };
	int r = json_parse(text, len, "manifest.json", ERR_IMG_MANIFEST, &document, err);
	if (r < 0)
		return r;
	struct json_node root = json_root(&document);
	r = parse_root(&root, &manifest, err);
	if (r < 0)
		return r;
	*ret = manifest;
	manifest = (struct archive_manifest){ 0 };
	return 0;
}

void archive_manifest_done(struct archive_manifest *manifest)
{
	for (size_t i = 0; i < manifest->n_images; i++) {
		free(manifest->images[i].config);
		strv_free(manifest->images[i].layers);
		strv_free(manifest->images[i].names);
	}
	free(manifest->images);
	*manifest = (struct archive_manifest){ 0 };
}
