/* SPDX-License-Identifier: Apache-2.0 */
/* config.json's platform-independent half but for its process: config.md. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/spec-internal.h"

/* --- pieces that several parts need --- */

int spec_parse_pairs(const struct json_node *node, const char *key, char ***ret, struct error *err)
{
	struct json_node map, member;
	int r = json_get_object(node, key, &map, err);
	if (r <= 0)
		return r;
	struct json_iterator iterator = { 0 };
	size_t n = 0;
	_cleanup_strv_ char **pairs = mem_alloc((2 * (size_t)json_object_object_length(map.value) + 1) * sizeof *pairs);
	while (json_next(&map, &iterator, &member)) {
		const char *value;
		r = json_as_string(&member, &value, err);
		if (r < 0)
			return r;
		if (*member.key == '\0')
			return json_error(&map, err, "a key is empty");
		pairs[n++] = mem_strdup(member.key);
		pairs[n++] = mem_strdup(value);
	}
	*ret = TAKE_PTR(pairs);
	return 1;
}

int spec_parse_optional_i64(const struct json_node *node, const char *key, struct optional_i64 *ret, struct error *err)
{
	int r = json_get_i64(node, key, INT64_MIN, INT64_MAX, &ret->value, err);
	ret->set = r > 0;
	return r;
}

int spec_parse_optional_u64(const struct json_node *node, const char *key, struct optional_u64 *ret, struct error *err)
{
	int r = json_get_u64(node, key, UINT64_MAX, &ret->value, err);
	ret->set = r > 0;
	return r;
}

int spec_parse_u32(const struct json_node *node, const char *key, uint32_t max, uint32_t *ret, struct error *err)
{
	uint64_t value = *ret;
	int r = json_get_u64(node, key, max, &value, err);
	if (r > 0)
		*ret = (uint32_t)value;
	return r;
}

int spec_parse_id_mappings(const struct json_node *node, const char *key, struct spec_id_mapping **ret,
			   size_t *ret_count, struct error *err)
{
	struct json_node array;
	int r = json_get_array(node, key, &array, err);
	for (size_t i = 0; r > 0 && i < json_array_length(&array); i++) {
		struct json_node element = json_array_at(&array, i);
		struct spec_id_mapping *mapping = ARRAY_APPEND(*ret, *ret_count);
		r = json_as_object(&element, err);
		if (r < 0 || (r = spec_parse_u32(&element, "containerID", UINT32_MAX, &mapping->container_id, err)) < 0 ||
		    (r = spec_parse_u32(&element, "hostID", UINT32_MAX, &mapping->host_id, err)) < 0 ||
		    (r = spec_parse_u32(&element, "size", UINT32_MAX, &mapping->size, err)) < 0)
			return r;
		r = 1;
	}
	return r;
}

/* --- mounts, hooks, root --- */

static int parse_mount(const struct json_node *element, struct spec_mount *mount, struct error *err)
{
	int r = json_as_object(element, err);
	if (r < 0 || (r = json_get_text(element, "destination", &mount->destination, err)) < 0 ||
	    (r = json_get_text(element, "type", &mount->type, err)) < 0 ||
	    (r = json_get_text(element, "source", &mount->source, err)) < 0 ||
	    (r = json_get_strv(element, "options", &mount->options, err)) < 0 ||
	    (r = spec_parse_id_mappings(element, "uidMappings", &mount->uid_mappings, &mount->n_uid_mappings, err)) < 0)
		return r;
	return spec_parse_id_mappings(element, "gidMappings", &mount->gid_mappings, &mount->n_gid_mappings, err);
}

static int parse_mount_array(const struct json_node *array, struct spec *spec, struct error *err)
{
	for (size_t i = 0; i < json_array_length(array); i++) {
		struct json_node element = json_array_at(array, i);
		int r = parse_mount(&element, ARRAY_APPEND(spec->mounts, spec->n_mounts), err);
		if (r < 0)
			return r;
	}
	return 1;
}

static int parse_mounts(const struct json_node *root, struct spec *spec, struct error *err)
{
	struct json_node array;
	int r = json_get_array(root, "mounts", &array, err);
	return r > 0 ? parse_mount_array(&array, spec, err) : r;
}

int spec_mounts_from_json(const struct json_node *node, struct spec **ret, struct error *err)
{
	_cleanup_spec_ struct spec *spec = NEW(struct spec);
	struct json_node array = *node;
	int r = json_object_is_type(node->value, json_type_array) ? 1 : json_as_object(node, err);
	if (r == 0)
		r = json_need_array(node, "mounts", &array, err);
	if (r < 0 || (r = parse_mount_array(&array, spec, err)) < 0 || (r = spec_validate_mounts(&array, spec, err)) < 0)
		return r;
	*ret = TAKE_PTR(spec);
	return 0;
}

static int parse_hook(const struct json_node *element, struct spec_hook *hook, struct error *err)
{
	int64_t timeout;
	int r = json_as_object(element, err);
	if (r < 0 || (r = json_get_text(element, "path", &hook->path, err)) < 0 ||
	    (r = json_get_strv(element, "args", &hook->args, err)) < 0 ||
	    (r = json_get_strv(element, "env", &hook->env, err)) < 0 ||
	    (r = json_get_i64(element, "timeout", 1, INT32_MAX, &timeout, err)) < 0)
		return r;
	if (r > 0)
		hook->timeout_seconds = (int)timeout;
	if (!hook->path || hook->path[0] != '/')
		return json_error(element, err, "a hook needs an absolute \"path\"");
	return 1;
}

const char *hook_point_name(enum hook_point point)
{
	static const char *const names[HOOK_POINT_COUNT] = {
		[HOOK_PRESTART] = "prestart",
		[HOOK_CREATE_RUNTIME] = "createRuntime",
		[HOOK_CREATE_CONTAINER] = "createContainer",
		[HOOK_START_CONTAINER] = "startContainer",
		[HOOK_POSTSTART] = "poststart",
		[HOOK_POSTSTOP] = "poststop",
	};
	return names[point];
}

static int parse_hooks(const struct json_node *root, struct spec *spec, struct error *err)
{
	struct json_node node, array;
	int r = json_get_object(root, "hooks", &node, err);
	for (int point = 0; r > 0 && point < HOOK_POINT_COUNT; point++) {
		struct spec_hooks *hooks = &spec->hooks[point];
		r = json_get_array(&node, hook_point_name(point), &array, err);
		for (size_t i = 0; r > 0 && i < json_array_length(&array); i++) {
			struct json_node element = json_array_at(&array, i);
			r = parse_hook(&element, ARRAY_APPEND(hooks->hooks, hooks->count), err);
		}
		if (r < 0)
			return r;
		r = 1;
	}
	return r;
}

static int parse_root(const struct json_node *root, struct spec *spec, struct error *err)
{
	struct json_node node;
	int r = json_get_object(root, "root", &node, err);
	if (r <= 0)
		return r;
	if ((r = json_get_text(&node, "path", &spec->root.path, err)) < 0)
		return r;
	return json_get_bool(&node, "readonly", &spec->root.readonly, err);
}

static int parse_all(const struct json_node *root, struct spec *spec, struct error *err)
{
	struct json_node node;
	int r = json_as_object(root, err);
	if (r < 0 || (r = json_get_text(root, "ociVersion", &spec->oci_version, err)) < 0 ||
	    (r = json_get_text(root, "hostname", &spec->hostname, err)) < 0 ||
	    (r = json_get_text(root, "domainname", &spec->domainname, err)) < 0 ||
	    (r = spec_parse_pairs(root, "annotations", &spec->annotations, err)) < 0 ||
	    (r = parse_root(root, spec, err)) < 0 || (r = parse_mounts(root, spec, err)) < 0 ||
	    (r = parse_hooks(root, spec, err)) < 0)
		return r;
	r = json_get_object(root, "process", &node, err);
	if (r < 0 || (r > 0 && (r = spec_parse_process(&node, &spec->process, err)) < 0))
		return r;
	r = json_get_object(root, "linux", &node, err);
	return r > 0 ? spec_parse_linux(&node, spec, err) : r;
}

int spec_from_json(const struct json_document *document, struct spec **ret, struct error *err)
{
	_cleanup_spec_ struct spec *spec = NEW(struct spec);
	struct json_node root = json_root(document);
	int r = parse_all(&root, spec, err);
	if (r < 0 || (r = spec_apply_annotations(&root, spec, err)) < 0 || (r = spec_validate(&root, spec, err)) < 0)
		return r;
	*ret = TAKE_PTR(spec);
	return 0;
}

int spec_load(int bundle, const char *path, struct spec **ret, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	int r = json_load(bundle, path, SPEC_SIZE_MAX, ERR_SPEC, &document, err);
	return r < 0 ? r : spec_from_json(&document, ret, err);
}
