/* SPDX-License-Identifier: Apache-2.0 */
/* config.json's platform-independent half: config.md. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/capability.h"
#include "runtime/rlimit.h"
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

/* The last one means "unchanged" to the kernel: whoever asked for it would stay root. */
#define ID_MAX (UINT32_MAX - 1)

static int parse_u32(const struct json_node *node, const char *key, uint32_t max, uint32_t *ret, struct error *err)
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
		if (r < 0 || (r = parse_u32(&element, "containerID", UINT32_MAX, &mapping->container_id, err)) < 0 ||
		    (r = parse_u32(&element, "hostID", UINT32_MAX, &mapping->host_id, err)) < 0 ||
		    (r = parse_u32(&element, "size", UINT32_MAX, &mapping->size, err)) < 0)
			return r;
		r = 1;
	}
	return r;
}

/* --- process --- */

static int parse_user(const struct json_node *process, struct spec_user *ret, struct error *err)
{
	struct json_node user, groups;
	ret->umask = (mode_t)-1;
	int r = json_get_object(process, "user", &user, err);
	if (r <= 0)
		return r;
	uint64_t mask;
	if ((r = parse_u32(&user, "uid", ID_MAX, &ret->uid, err)) < 0 ||
	    (r = parse_u32(&user, "gid", ID_MAX, &ret->gid, err)) < 0)
		return r;
	r = json_get_u64(&user, "umask", 0777, &mask, err);
	if (r > 0)
		ret->umask = (mode_t)mask;
	if (r < 0 || (r = json_get_array(&user, "additionalGids", &groups, err)) <= 0)
		return r;
	for (size_t i = 0; i < json_array_length(&groups); i++) {
		struct json_node element = json_array_at(&groups, i);
		uint64_t group;
		r = json_as_u64(&element, ID_MAX, &group, err);
		if (r < 0)
			return r;
		*ARRAY_APPEND(ret->additional_gids, ret->n_additional_gids) = (gid_t)group;
	}
	return 1;
}

/* Unknown capabilities are left out, as the specification's runtimes do; typing errors show in the log. */
static int parse_capability_set(const struct json_node *capabilities, const char *key, uint64_t *ret,
				struct error *err)
{
	_cleanup_strv_ char **names = NULL;
	int r = json_get_strv(capabilities, key, &names, err);
	for (char **name = names; name && *name; name++) {
		int capability = capability_from_name(*name, NULL);
		if (capability >= 0)
			*ret |= capability_bit(capability);
	}
	return r;
}

static int parse_capabilities(const struct json_node *process, struct spec_capabilities **ret, struct error *err)
{
	struct json_node node;
	int r = json_get_object(process, "capabilities", &node, err);
	if (r <= 0)
		return r;
	struct spec_capabilities *sets = *ret = NEW(struct spec_capabilities);
	const struct {
		const char *key;
		uint64_t *set;
	} fields[] = {
		{ "bounding", &sets->bounding },       { "effective", &sets->effective },
		{ "inheritable", &sets->inheritable }, { "permitted", &sets->permitted },
		{ "ambient", &sets->ambient },
	};
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		r = parse_capability_set(&node, fields[i].key, fields[i].set, err);
		if (r < 0)
			return r;
	}
	return 1;
}

static int parse_rlimit(const struct json_node *element, struct spec_rlimit *ret, struct error *err)
{
	const char *type;
	int r = json_as_object(element, err);
	if (r < 0 || (r = json_need_string(element, "type", &type, err)) < 0)
		return r;
	ret->resource = rlimit_from_name(type, NULL);
	if (ret->resource < 0)
		return json_error(element, err, "unknown rlimit type \"%s\"", type);
	if ((r = json_get_u64(element, "soft", UINT64_MAX, &ret->soft, err)) < 0 ||
	    (r = json_get_u64(element, "hard", UINT64_MAX, &ret->hard, err)) < 0)
		return r;
	if (ret->soft > ret->hard)
		return json_error(element, err, "the soft limit is above the hard limit");
	return 0;
}

static int parse_rlimits(const struct json_node *node, struct spec_process *process, struct error *err)
{
	struct json_node array;
	int r = json_get_array(node, "rlimits", &array, err);
	for (size_t i = 0; r > 0 && i < json_array_length(&array); i++) {
		struct json_node element = json_array_at(&array, i);
		struct spec_rlimit limit = { 0 };
		r = parse_rlimit(&element, &limit, err);
		if (r < 0)
			return r;
		for (size_t k = 0; k < process->n_rlimits; k++)
			if (process->rlimits[k].resource == limit.resource)
				return json_error(&element, err, "the same limit stands at index %zu already", k);
		*ARRAY_APPEND(process->rlimits, process->n_rlimits) = limit;
		r = 1;
	}
	return r;
}

static int parse_console_size(const struct json_node *node, struct spec_process *process, struct error *err)
{
	struct json_node size;
	uint64_t width = 0, height = 0;
	int r = json_get_object(node, "consoleSize", &size, err);
	if (r <= 0)
		return r;
	if ((r = json_get_u64(&size, "width", UINT16_MAX, &width, err)) < 0 ||
	    (r = json_get_u64(&size, "height", UINT16_MAX, &height, err)) < 0)
		return r;
	process->console_width = (uint16_t)width;
	process->console_height = (uint16_t)height;
	return 1;
}

static int parse_process(const struct json_node *node, struct spec_process *process, struct error *err)
{
	int r;
	if ((r = json_get_bool(node, "terminal", &process->terminal, err)) < 0 ||
	    (r = parse_console_size(node, process, err)) < 0 || (r = parse_user(node, &process->user, err)) < 0 ||
	    (r = json_get_strv(node, "args", &process->args, err)) < 0 ||
	    (r = json_get_strv(node, "env", &process->env, err)) < 0 ||
	    (r = json_get_text(node, "cwd", &process->cwd, err)) < 0 ||
	    (r = parse_capabilities(node, &process->capabilities, err)) < 0 ||
	    (r = parse_rlimits(node, process, err)) < 0 ||
	    (r = json_get_bool(node, "noNewPrivileges", &process->no_new_privileges, err)) < 0 ||
	    (r = json_get_text(node, "apparmorProfile", &process->apparmor_profile, err)) < 0 ||
	    (r = json_get_text(node, "selinuxLabel", &process->selinux_label, err)) < 0 ||
	    (r = spec_parse_optional_i64(node, "oomScoreAdj", &process->oom_score_adj, err)) < 0)
		return r;
	return 0;
}

int spec_process_from_json(const struct json_node *node, struct spec_process **ret, struct error *err)
{
	int r = json_as_object(node, err);
	if (r < 0)
		return r;
	struct spec_process *process = NEW(struct spec_process);
	r = parse_process(node, process, err);
	if (r < 0)
		spec_process_free(process);
	else
		*ret = process;
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

static int parse_mounts(const struct json_node *root, struct spec *spec, struct error *err)
{
	struct json_node array;
	int r = json_get_array(root, "mounts", &array, err);
	for (size_t i = 0; r > 0 && i < json_array_length(&array); i++) {
		struct json_node element = json_array_at(&array, i);
		r = parse_mount(&element, ARRAY_APPEND(spec->mounts, spec->n_mounts), err);
		if (r < 0)
			return r;
		r = 1;
	}
	return r;
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
	if (r < 0 || (r > 0 && (r = spec_process_from_json(&node, &spec->process, err)) < 0))
		return r;
	r = json_get_object(root, "linux", &node, err);
	return r > 0 ? spec_parse_linux(&node, spec, err) : r;
}

int spec_from_json(const struct json_document *document, struct spec **ret, struct error *err)
{
	_cleanup_spec_ struct spec *spec = NEW(struct spec);
	struct json_node root = json_root(document);
	int r = parse_all(&root, spec, err);
	if (r < 0 || (r = spec_validate(&root, spec, err)) < 0)
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
