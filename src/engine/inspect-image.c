/* SPDX-License-Identifier: Apache-2.0 */
/* `inspect` of an image, in Docker's field names; its "Config" is what the image itself says. */
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "engine/engine-internal.h"
#include "engine/image.h"
#include "engine/inspect-json.h"
#include "engine/inspect-shape.h"
#include "image/blob.h"
#include "storage/layer.h"

/* A member of the configuration blob, under a name of its own. */
static void copy_member(const struct json_node *from, const char *key, struct json_object *to, const char *name,
			const char *otherwise)
{
	struct json_node member;
	if (json_get(from, key, &member))
		json_object_object_add(to, name, json_object_get(member.value));
	else
		json_add_string(to, name, otherwise);
}

/* The image's own, or that of the last step of its history. */
static void add_comment(const struct json_node *config, struct json_object *root)
{
	struct json_node history, last;
	size_t count = json_get_array(config, "history", &history, NULL) > 0 ? json_array_length(&history) : 0;
	copy_member(config, "comment", root, "Comment", "");
	if (count == 0 || !str_is_empty(json_object_get_string(json_object_object_get(root, "Comment"))))
		return;
	last = json_array_at(&history, count - 1);
	if (json_object_is_type(last.value, json_type_object))
		copy_member(&last, "comment", root, "Comment", "");
}

static void add_graph_driver(struct engine *engine, const struct image *image, struct json_object *root)
{
	struct json_object *driver = json_add_object(root, "GraphDriver");
	struct json_object *data = json_add_object(driver, "Data");
	size_t count = strv_count(image->diff_ids);
	_cleanup_strv_ char **lower = NULL;
	for (size_t i = count; i-- > 1;)
		strv_take(&lower, layer_path(engine->store, image->diff_ids[i - 1]));
	_cleanup_free_ char *lower_dir = lower ? strv_join(lower, ":") : NULL;
	_cleanup_free_ char *upper = count > 0 ? layer_path(engine->store, image->diff_ids[count - 1]) : NULL;
	json_add_string(data, "LowerDir", lower_dir);
	json_add_string(data, "UpperDir", upper);
	json_add_string(driver, "Name", "overlay2");
}

static void add_rootfs(const struct image *image, struct json_object *root)
{
	struct json_object *rootfs = json_add_object(root, "RootFS");
	json_add_string(rootfs, "Type", "layers");
	inspect_add_words(rootfs, "Layers", image->diff_ids);
}

static void add_all(struct engine *engine, const struct image *image, const struct json_node *config,
		    struct json_object *root)
{
	struct json_node section;
	json_add_string(root, "Id", image->id);
	inspect_add_words(root, "RepoTags", image->names);
	inspect_add_words(root, "RepoDigests", image->digests);
	add_comment(config, root);
	copy_member(config, "created", root, "Created", "");
	copy_member(config, "author", root, "Author", "");
	if (json_get(config, "config", &section))
		json_object_object_add(root, "Config", json_object_get(section.value));
	else
		json_add_object(root, "Config");
	copy_member(config, "architecture", root, "Architecture", "");
	copy_member(config, "variant", root, "Variant", NULL);
	copy_member(config, "os", root, "Os", "");
	json_add_i64(root, "Size", image->size);
	add_graph_driver(engine, image, root);
	add_rootfs(image, root);
	char never[TIME_TEXT_MAX];
	json_add_string(json_add_object(root, "Metadata"), "LastTagTime", time_format_rfc3339(0, never));
}

int engine_image_inspect(struct engine *engine, const char *name, struct json_object **ret, struct error *err)
{
	_cleanup_image_ struct image *image = NULL;
	_cleanup_json_document_ struct json_document document = { 0 };
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r = engine_image_find(engine, name, &image, err);
	if (r >= 0)
		r = blob_read(engine->store, image->id, IMAGE_CONFIG_SIZE_MAX, &text, &len, err);
	if (r >= 0)
		r = json_parse(text, len, "image config", ERR_IMG_MANIFEST, &document, err);
	if (r < 0)
		return r;
	struct json_node config = json_root(&document);
	struct json_object *root = json_object_new_object();
	shape_add(root, SHAPE_IMAGE);
	add_all(engine, image, &config, root);
	*ret = root;
	return 0;
}
