/* SPDX-License-Identifier: Apache-2.0 */
#include "image/manifest.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "image/digest.h"
#include "image/annotation.h"
#include "image/platform-json.h"

#define CONTENT_SIZE_MAX (UINT64_C(1) << 50) /* what no registry and no disk of ours holds */

#define MEDIA_SCHEMA1 "application/vnd.docker.distribution.manifest.v1+json"
#define MEDIA_SCHEMA1_SIGNED "application/vnd.docker.distribution.manifest.v1+prettyjws"

/* --- which document is it? --- */

enum document_kind { KIND_UNKNOWN, KIND_MANIFEST, KIND_INDEX, KIND_SCHEMA1 };

static const struct {
	const char *media_type;
	enum document_kind kind;
} DOCUMENTS[] = {
	{ MEDIA_OCI_MANIFEST, KIND_MANIFEST }, { MEDIA_DOCKER_MANIFEST, KIND_MANIFEST },
	{ MEDIA_OCI_INDEX, KIND_INDEX },       { MEDIA_DOCKER_LIST, KIND_INDEX },
	{ MEDIA_SCHEMA1, KIND_SCHEMA1 },       { MEDIA_SCHEMA1_SIGNED, KIND_SCHEMA1 },
};

static enum document_kind kind_of_media(const char *media_type)
{
	for (size_t i = 0; i < ARRAY_SIZE(DOCUMENTS); i++)
		if (streq(DOCUMENTS[i].media_type, media_type))
			return DOCUMENTS[i].kind;
	return KIND_UNKNOWN;
}

/* Types that say no more than "some JSON" or "some bytes", as simple file servers do. */
static bool is_generic(const char *media_type)
{
	static const char *const generic[] = { "application/json", "application/octet-stream", "text/plain" };
	for (size_t i = 0; i < ARRAY_SIZE(generic); i++)
		if (streq(generic[i], media_type))
			return true;
	return false;
}

/* "Application/JSON; charset=utf-8" as "application/json"; NULL for what says nothing. free() it. */
static char *bare_media_type(const char *content_type)
{
	if (str_is_empty(content_type))
		return NULL;
	char *bare = mem_strndup(content_type, strcspn(content_type, "; \t"));
	for (char *c = bare; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (!*bare || is_generic(bare)) {
		free(bare);
		return NULL;
	}
	return bare;
}

static int refuse_schema1(const struct json_node *root, struct error *err)
{
	int r = json_error(root, err, "image manifests of schema 1 are not supported");
	err_cause(err, "schema 1 names no digest of the image's configuration, and is no longer in use");
	err_hint(err, "push the image again with a current tool, e.g. skopeo copy --format oci");
	return r;
}

/*
 * Go's JSON decoder, which most other tools use, takes "Layers" for "layers" where ours does not: a document that reads
 * differently elsewhere is refused.
 */
static int check_member_names(const struct json_node *root, struct error *err)
{
	static const char *const names[] = { "schemaVersion", "mediaType", "config", "layers", "manifests", "fsLayers" };
	struct json_iterator iterator = { 0 };
	for (struct json_node member; json_next(root, &iterator, &member);)
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			if (strcasecmp(member.key, names[i]) == 0 && !streq(member.key, names[i]))
				return json_error(root, err, "\"%s\" is not \"%s\": ambiguous", member.key, names[i]);
	return 0;
}

/* A document without any type is what its members say: OCI's, for Docker's always have one. */
static enum document_kind kind_of_members(const struct json_node *root, const char **media_type)
{
	struct json_node member;
	if (json_get(root, "manifests", &member)) {
		*media_type = MEDIA_OCI_INDEX;
		return KIND_INDEX;
	}
	if (json_get(root, "layers", &member) || json_get(root, "config", &member)) {
		*media_type = MEDIA_OCI_MANIFEST;
		return KIND_MANIFEST;
	}
	return json_get(root, "fsLayers", &member) ? KIND_SCHEMA1 : KIND_UNKNOWN;
}

/* What is in one kind of document has no place in the others. */
static int check_members(const struct json_node *root, enum document_kind kind, struct error *err)
{
	static const struct {
		const char *name;
		enum document_kind kind;
	} members[] = {
		{ "config", KIND_MANIFEST },
		{ "layers", KIND_MANIFEST },
		{ "manifests", KIND_INDEX },
		{ "fsLayers", KIND_SCHEMA1 },
	};
	struct json_node member;
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (members[i].kind != kind && json_get(root, members[i].name, &member))
			return json_error(root, err, "ambiguous: %s that has \"%s\"",
					  kind == KIND_INDEX ? "an index" : "an image manifest", members[i].name);
	return 0;
}

/* @served is the type that the document came with, or NULL. */
static int find_kind(const struct json_node *root, const char *served, enum document_kind *ret_kind,
		     const char **ret_media_type, struct error *err)
{
	const char *own = NULL;
	int r = json_get_string(root, "mediaType", &own, err);
	if (r < 0)
		return r;
	if (own && served && !streq(own, served))
		return json_error(root, err, "ambiguous: its mediaType is \"%s\", but it was served as \"%s\"", own,
				  served);
	const char *media_type = own ? own : served;
	enum document_kind kind = media_type ? kind_of_media(media_type) : kind_of_members(root, &media_type);
	int64_t version = 2;
	r = json_get_i64(root, "schemaVersion", INT64_MIN, INT64_MAX, &version, err);
	if (r < 0)
		return r;
	if (kind == KIND_SCHEMA1 || version == 1)
		return refuse_schema1(root, err);
	if (kind == KIND_UNKNOWN)
		return json_error(root, err, "neither an image manifest nor an index%s%s%s",
				  media_type ? ", but \"" : "", media_type ? media_type : "", media_type ? "\"" : "");
	if (r == 0 || version != 2)
		return json_error(root, err, "schemaVersion is not 2");
	*ret_kind = kind;
	*ret_media_type = media_type;
	return 0;
}

/* --- descriptors --- */

static void descriptor_done(struct descriptor *descriptor)
{
	free(descriptor->media_type);
	free(descriptor->digest);
	free(descriptor->name);
}

/* Fills in what it can; the caller releases it in any case. */
static int parse_descriptor(const struct json_node *node, struct descriptor *ret, struct error *err)
{
	const char *media_type, *digest;
	int r = json_as_object(node, err);
	if (r >= 0)
		r = json_need_string(node, "mediaType", &media_type, err);
	if (r >= 0)
		r = json_need_string(node, "digest", &digest, err);
	if (r < 0)
		return r;
	ret->media_type = mem_strdup(media_type);
	ret->digest = mem_strdup(digest);
	struct error why = { 0 };
	if (digest_check(digest, &why) < 0)
		return json_error(node, err, "invalid digest \"%.100s\": %s", digest, why.message);
	r = json_get_u64(node, "size", CONTENT_SIZE_MAX, &ret->size, err);
	if (r == 0)
		return json_error(node, err, "\"size\" is required, but missing");
	return r;
}

/* --- an image's manifest --- */

static const struct {
	const char *media_type;
	enum layer_compression compression;
} LAYERS[] = {
	{ MEDIA_OCI_LAYER, LAYER_PLAIN },
	{ MEDIA_OCI_LAYER_GZIP, LAYER_GZIP },
	{ MEDIA_OCI_LAYER_ZSTD, LAYER_ZSTD },
	{ MEDIA_DOCKER_LAYER_GZIP, LAYER_GZIP },
	{ "application/vnd.docker.image.rootfs.diff.tar", LAYER_PLAIN },
	{ "application/vnd.docker.image.rootfs.diff.tar.zstd", LAYER_ZSTD },
};

static bool is_foreign(const char *media_type)
{
	return str_starts_with(media_type, "application/vnd.oci.image.layer.nondistributable.") ||
	       str_starts_with(media_type, "application/vnd.docker.image.rootfs.foreign.");
}

static int parse_layer(const struct json_node *node, struct descriptor *layer, struct error *err)
{
	int r = parse_descriptor(node, layer, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(LAYERS); i++) {
		if (streq(LAYERS[i].media_type, layer->media_type)) {
			layer->compression = LAYERS[i].compression;
			return 0;
		}
	}
	if (!is_foreign(layer->media_type))
		return json_error(node, err, "not a layer that we can read: \"%.200s\"", layer->media_type);
	r = json_error(node, err, "foreign layers are not supported: \"%.200s\"", layer->media_type);
	err_cause(err,
		  "a layer that may not be distributed is not in the registry, but on a server that the image names");
	return r;
}

static int check_config(const struct json_node *node, const struct descriptor *config, struct error *err)
{
	if (streq(config->media_type, MEDIA_OCI_CONFIG) || streq(config->media_type, MEDIA_DOCKER_CONFIG))
		return 0;
	return json_error(node, err, "not a container image, but an artifact of type \"%.200s\"", config->media_type);
}

static int parse_array(const struct json_node *root, const char *key, size_t max, struct json_node *ret,
		       struct error *err)
{
	int r = json_need_array(root, key, ret, err);
	if (r < 0)
		return r;
	size_t count = json_array_length(ret);
	return count <= max ? 0 : json_error(ret, err, "%zu entries, but there may be %zu at most", count, max);
}

static int parse_image(const struct json_node *root, struct manifest *manifest, struct error *err)
{
	struct json_node config, layers;
	int r = json_need_object(root, "config", &config, err);
	if (r >= 0)
		r = parse_descriptor(&config, &manifest->config, err);
	if (r >= 0)
		r = check_config(&config, &manifest->config, err);
	if (r >= 0)
		r = parse_array(root, "layers", MANIFEST_LAYERS_MAX, &layers, err);
	if (r < 0)
		return r;
	size_t count = json_array_length(&layers);
	manifest->layers = mem_alloc((count + 1) * sizeof *manifest->layers);
	manifest->n_layers = count;
	for (size_t i = 0; i < count && r >= 0; i++) {
		struct json_node layer = json_array_at(&layers, i);
		r = parse_layer(&layer, &manifest->layers[i], err);
	}
	return r;
}

/* Docker's and containerd's annotation is a name in full always; the standard's is whatever was chosen. */
static int parse_entry_name(const struct json_node *entry, char **ret, struct error *err)
{
	struct json_node annotations;
	int r = json_get_object(entry, "annotations", &annotations, err);
	if (r > 0)
		r = json_get_text(&annotations, ANNOTATION_IMAGE_NAME, ret, err);
	else
		return r;
	return r == 0 ? json_get_text(&annotations, ANNOTATION_REF_NAME, ret, err) : r;
}

static int parse_index(const struct json_node *root, struct manifest *manifest, struct error *err)
{
	struct json_node entries;
	int r = parse_array(root, "manifests", INDEX_MANIFESTS_MAX, &entries, err);
	if (r < 0)
		return r;
	size_t count = json_array_length(&entries);
	manifest->is_index = true;
	manifest->manifests = mem_alloc((count + 1) * sizeof *manifest->manifests);
	manifest->n_manifests = count;
	for (size_t i = 0; i < count && r >= 0; i++) {
		struct json_node entry = json_array_at(&entries, i), platform;
		r = parse_descriptor(&entry, &manifest->manifests[i], err);
		if (r >= 0)
			r = json_get_object(&entry, "platform", &platform, err);
		if (r > 0)
			r = platform_from_json(&platform, &manifest->manifests[i].platform, err);
		if (r >= 0)
			r = parse_entry_name(&entry, &manifest->manifests[i].name, err);
	}
	return r;
}

static int parse_root(const struct json_node *root, const char *served, struct manifest *manifest, struct error *err)
{
	enum document_kind kind = KIND_UNKNOWN;
	const char *media_type = NULL;
	int r = json_as_object(root, err);
	if (r >= 0)
		r = check_member_names(root, err);
	if (r >= 0)
		r = find_kind(root, served, &kind, &media_type, err);
	if (r >= 0)
		r = check_members(root, kind, err);
	if (r < 0)
		return r;
	manifest->media_type = mem_strdup(media_type);
	return kind == KIND_INDEX ? parse_index(root, manifest, err) : parse_image(root, manifest, err);
}

int manifest_parse(const char *text, size_t len, const char *content_type, struct manifest *ret, struct error *err)
{
	if (len > MANIFEST_SIZE_MAX)
		return err_set(err, ERR_IMG_MANIFEST, "manifest: larger than %d bytes", MANIFEST_SIZE_MAX);
	_cleanup_json_document_ struct json_document document = { 0 };
	int r = json_parse(text, len, "manifest", ERR_IMG_MANIFEST, &document, err);
	if (r < 0)
		return r;
	_cleanup_free_ char *served = bare_media_type(content_type);
	_cleanup_manifest_ struct manifest manifest = { 0 };
	struct json_node root = json_root(&document);
	r = parse_root(&root, served, &manifest, err);
	if (r < 0)
		return r;
	*ret = manifest;
	manifest = (struct manifest){ 0 };
	return 0;
}

void manifest_done(struct manifest *manifest)
{
	free(manifest->media_type);
	descriptor_done(&manifest->config);
	for (size_t i = 0; i < manifest->n_layers; i++)
		descriptor_done(&manifest->layers[i]);
	free(manifest->layers);
	for (size_t i = 0; i < manifest->n_manifests; i++)
		descriptor_done(&manifest->manifests[i]);
	free(manifest->manifests);
	*manifest = (struct manifest){ 0 };
}

/* --- choosing --- */

/* Attestations and signatures stand in an index beside the images, for the platform "unknown/unknown". */
static bool is_image(const struct descriptor *entry)
{
	return kind_of_media(entry->media_type) == KIND_MANIFEST &&
	       !(streq(entry->platform.os, "unknown") && streq(entry->platform.architecture, "unknown"));
}

/* An entry that does not say what it is for may be right, if nothing else is. */
static int entry_match(const struct descriptor *entry, const struct platform *wanted)
{
	enum { PERHAPS = 1 };
	if (!*entry->platform.os && !*entry->platform.architecture)
		return PERHAPS;
	int match = platform_match(wanted, &entry->platform);
	return match ? match + PERHAPS : 0;
}

static int no_match(const struct manifest *index, const struct platform *wanted, struct error *err)
{
	char text[64];
	_cleanup_strv_ char **offered = NULL;
	for (size_t i = 0; i < index->n_manifests; i++) {
		platform_format(&index->manifests[i].platform, text);
		if (is_image(&index->manifests[i]) && !strv_contains(offered, text))
			strv_append(&offered, text);
	}
	int r = err_set(err, ERR_IMG_ARCH, "no matching manifest for %s in the manifest list entries",
			platform_format(wanted, text));
	if (!offered) {
		err_cause(err, "the index names no image at all");
		return r;
	}
	_cleanup_free_ char *list = strv_join(offered, ", ");
	err_cause(err, "the image is there for %s", list);
	err_hint(err, "--platform %s", offered[0]);
	return r;
}

int manifest_choose(const struct manifest *index, const struct platform *wanted, const struct descriptor **ret,
		    struct error *err)
{
	const struct descriptor *best = NULL;
	int best_match = 0;
	for (size_t i = 0; i < index->n_manifests; i++) {
		const struct descriptor *entry = &index->manifests[i];
		int match = is_image(entry) ? entry_match(entry, wanted) : 0;
		if (match > best_match) {
			best = entry;
			best_match = match;
		}
	}
	if (!best)
		return no_match(index, wanted, err);
	*ret = best;
	return 0;
}
