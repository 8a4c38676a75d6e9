/* SPDX-License-Identifier: Apache-2.0 */
/* config.json's "linux" object but for its resources and its seccomp profile: config-linux.md. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/execution.h"
#include "runtime/net-devices.h"
#include "runtime/spec-internal.h"

static int namespace_from_name(const char *name)
{
	for (int type = 0; type < NAMESPACE_COUNT; type++)
		if (streq(namespace_spec_name(type), name))
			return type;
	return -1;
}

static int parse_namespaces(const struct json_node *section, struct spec *spec, struct error *err)
{
	struct json_node array;
	size_t first_index[NAMESPACE_COUNT] = { 0 };
	int r = json_get_array(section, "namespaces", &array, err);
	for (size_t i = 0; r > 0 && i < json_array_length(&array); i++) {
		struct json_node element = json_array_at(&array, i);
		const char *name;
		r = json_as_object(&element, err);
		if (r < 0 || (r = json_need_string(&element, "type", &name, err)) < 0)
			return r;
		int type = namespace_from_name(name);
		if (type < 0)
			return json_error(&element, err, "unknown namespace type \"%s\"", name);
		struct spec_namespace *ns = &spec->namespaces[type];
		if (ns->listed)
			return json_error(&element, err,
					  "duplicate namespace type \"%s\" (first at /linux/namespaces/%zu)", name,
					  first_index[type]);
		*ns = (struct spec_namespace){ .listed = true };
		first_index[type] = i;
		r = json_get_text(&element, "path", &ns->path, err);
		if (r < 0)
			return r;
		if (ns->path && ns->path[0] != '/')
			return json_error(&element, err, "namespace path \"%s\" is not absolute", ns->path);
		r = 1;
	}
	return r;
}

static int parse_time_offset(const struct json_node *clock, struct spec_time_offset *ret, struct error *err)
{
	uint64_t nanoseconds = 0;
	int r = json_as_object(clock, err);
	if (r < 0 || (r = json_get_i64(clock, "secs", INT64_MIN, INT64_MAX, &ret->seconds, err)) < 0 ||
	    (r = json_get_u64(clock, "nanosecs", 999999999, &nanoseconds, err)) < 0)
		return r;
	ret->nanoseconds = (uint32_t)nanoseconds;
	ret->set = true;
	return 0;
}

static int parse_time_offsets(const struct json_node *section, struct spec *spec, struct error *err)
{
	struct json_node offsets, clock;
	struct json_iterator iterator = { 0 };
	int r = json_get_object(section, "timeOffsets", &offsets, err);
	while (r > 0 && json_next(&offsets, &iterator, &clock)) {
		struct spec_time_offset *offset = streq(clock.key, "boottime")	? &spec->time_offset_boottime :
						  streq(clock.key, "monotonic") ? &spec->time_offset_monotonic :
										  NULL;
		if (!offset)
			return json_error(&clock, err, "unknown clock \"%s\", \"boottime\" and \"monotonic\" have offsets",
					  clock.key);
		if (clock.value && (r = parse_time_offset(&clock, offset, err)) < 0)
			return r;
		r = 1;
	}
	return r;
}

static int parse_device(const struct json_node *element, struct spec_device *device, struct error *err)
{
	const char *type, *path;
	uint64_t mode = 0666, uid = 0, gid = 0;
	int r = json_as_object(element, err);
	if (r < 0 || (r = json_need_string(element, "path", &path, err)) < 0 ||
	    (r = json_need_string(element, "type", &type, err)) < 0 ||
	    (r = json_get_i64(element, "major", 0, INT32_MAX, &device->major, err)) < 0 ||
	    (r = json_get_i64(element, "minor", 0, INT32_MAX, &device->minor, err)) < 0 ||
	    (r = json_get_u64(element, "fileMode", UINT32_MAX, &mode, err)) < 0 ||
	    (r = json_get_u64(element, "uid", UINT32_MAX - 1, &uid, err)) < 0 ||
	    (r = json_get_u64(element, "gid", UINT32_MAX - 1, &gid, err)) < 0)
		return r;
	if (strlen(type) != 1 || !strchr("cbup", *type))
		return json_error(element, err, "device type \"%s\" is none of c, b, u, p", type);
	if (path[0] != '/')
		return json_error(element, err, "device path \"%s\" is not absolute", path);
	device->path = mem_strdup(path);
	device->type = *type;
	device->mode = mode & 07777;
	device->uid = (uid_t)uid;
	device->gid = (gid_t)gid;
	return 1;
}

static int parse_devices(const struct json_node *section, struct spec *spec, struct error *err)
{
	struct json_node array;
	int r = json_get_array(section, "devices", &array, err);
	for (size_t i = 0; r > 0 && i < json_array_length(&array); i++) {
		struct json_node element = json_array_at(&array, i);
		r = parse_device(&element, ARRAY_APPEND(spec->devices, spec->n_devices), err);
	}
	return r;
}

/* --- execution --- */

static int parse_personality(const struct json_node *section, unsigned long **ret, struct error *err)
{
	struct json_node node, flags;
	const char *domain;
	int r = json_get_object(section, "personality", &node, err);
	if (r <= 0 || (r = json_need_string(&node, "domain", &domain, err)) < 0)
		return r;
	*ret = NEW(unsigned long);
	if (!personality_from_name(domain, *ret))
		return json_error(&node, err, "unknown personality \"%s\", LINUX and LINUX32 are known", domain);
	r = json_get_array(&node, "flags", &flags, err);
	if (r > 0 && json_array_length(&flags) > 0)
		return json_error(&flags, err, "flags of a personality are not supported");
	return r;
}

static int parse_policy_flags(const struct json_node *node, unsigned *ret, struct error *err)
{
	struct json_node array;
	int r = json_get_array(node, "flags", &array, err);
	for (size_t i = 0; r > 0 && i < json_array_length(&array); i++) {
		struct json_node element = json_array_at(&array, i);
		const char *name;
		unsigned flag;
		r = json_as_string(&element, &name, err);
		if (r < 0)
			return r;
		if (!memory_policy_flag_from_name(name, &flag))
			return json_error(&element, err, "unknown flag of a memory policy \"%s\"", name);
		*ret |= flag;
	}
	return r;
}

static int parse_nodes(const struct json_node *policy, struct number_set **ret, struct error *err)
{
	struct json_node node;
	struct error why = { 0 };
	const char *text;
	int r = json_get(policy, "nodes", &node) ? json_as_string(&node, &text, err) : 0;
	if (r <= 0 || !*text)
		return r;
	*ret = NEW(struct number_set);
	if (number_set_parse(text, *ret, &why) < 0)
		return json_error(&node, err, "\"%s\" is no list of memory nodes: %s", text, why.message);
	return 1;
}

static int parse_memory_policy(const struct json_node *section, struct spec_memory_policy **ret, struct error *err)
{
	struct json_node node;
	const char *mode;
	int r = json_get_object(section, "memoryPolicy", &node, err);
	if (r <= 0 || (r = json_need_string(&node, "mode", &mode, err)) < 0)
		return r;
	struct spec_memory_policy *policy = *ret = NEW(struct spec_memory_policy);
	if (!memory_policy_mode_from_name(mode, &policy->mode))
		return json_error(&node, err, "unknown mode of a memory policy \"%s\"", mode);
	if ((r = parse_nodes(&node, &policy->nodes, err)) < 0 || (r = parse_policy_flags(&node, &policy->flags, err)) < 0)
		return r;
	if (policy->nodes && !memory_policy_takes_nodes(policy->mode))
		return json_error(&node, err, "%s takes no \"nodes\"", mode);
	if (!policy->nodes && memory_policy_needs_nodes(policy->mode))
		return json_error(&node, err, "%s needs \"nodes\"", mode);
	return 0;
}

/* --- intelRdt --- */

/* A name of one directory, or the root. */
static bool is_group_name(const char *name)
{
	return streq(name, "/") || (!streq(name, ".") && !streq(name, "..") && !strchr(name, '/'));
}

static int check_intel_rdt(const struct json_node *node, const struct spec_intel_rdt *rdt, struct error *err)
{
	if (rdt->clos_id && !is_group_name(rdt->clos_id))
		return json_error(node, err, "closID \"%s\" is not a name", rdt->clos_id);
	if (rdt->bandwidth_schema && (!str_starts_with(rdt->bandwidth_schema, "MB:") || strchr(rdt->bandwidth_schema, '\n')))
		return json_error(node, err, "\"memBwSchema\" must be one line that starts with \"MB:\"");
	for (char **line = rdt->schemata; line && *line; line++)
		if (strchr(*line, '\n'))
			return json_error(node, err, "an element of \"schemata\" is more than one line");
	return 0;
}

static int parse_intel_rdt(const struct json_node *section, struct spec_intel_rdt **ret, struct error *err)
{
	struct json_node node;
	int r = json_get_object(section, "intelRdt", &node, err);
	if (r <= 0)
		return r;
	struct spec_intel_rdt *rdt = *ret = NEW(struct spec_intel_rdt);
	if ((r = json_get_text(&node, "closID", &rdt->clos_id, err)) < 0 ||
	    (r = json_get_text(&node, "l3CacheSchema", &rdt->l3_schema, err)) < 0 ||
	    (r = json_get_text(&node, "memBwSchema", &rdt->bandwidth_schema, err)) < 0 ||
	    (r = json_get_strv(&node, "schemata", &rdt->schemata, err)) < 0 ||
	    (r = json_get_bool(&node, "enableMonitoring", &rdt->monitoring, err)) < 0)
		return r;
	return check_intel_rdt(&node, rdt, err);
}

/* --- netDevices --- */

static int parse_net_devices(const struct json_node *section, struct spec *spec, struct error *err)
{
	struct json_node map, member;
	struct json_iterator iterator = { 0 };
	int r = json_get_object(section, "netDevices", &map, err);
	while (r > 0 && json_next(&map, &iterator, &member)) {
		struct spec_net_device *device = ARRAY_APPEND(spec->net_devices, spec->n_net_devices);
		device->name = mem_strdup(member.key);
		if ((r = json_as_object(&member, err)) < 0 ||
		    (r = json_get_text(&member, "name", &device->new_name, err)) < 0)
			return r;
		const char *wrong = !net_device_name_is_valid(device->name) ? device->name :
				    device->new_name && !net_device_name_is_valid(device->new_name) ? device->new_name :
												      NULL;
		if (wrong)
			return json_error(&member, err, "\"%s\" cannot be the name of a network device", wrong);
		r = 1;
	}
	return r;
}

int spec_parse_linux(const struct json_node *section, struct spec *spec, struct error *err)
{
	struct json_node node;
	int r;
	if ((r = parse_namespaces(section, spec, err)) < 0 || (r = parse_time_offsets(section, spec, err)) < 0 ||
	    (r = spec_parse_id_mappings(section, "uidMappings", &spec->uid_mappings, &spec->n_uid_mappings, err)) < 0 ||
	    (r = spec_parse_id_mappings(section, "gidMappings", &spec->gid_mappings, &spec->n_gid_mappings, err)) < 0 ||
	    (r = parse_devices(section, spec, err)) < 0 ||
	    (r = json_get_text(section, "cgroupsPath", &spec->cgroups_path, err)) < 0 ||
	    (r = json_get_text(section, "rootfsPropagation", &spec->rootfs_propagation, err)) < 0 ||
	    (r = spec_parse_pairs(section, "sysctl", &spec->sysctl, err)) < 0 ||
	    (r = json_get_strv(section, "maskedPaths", &spec->masked_paths, err)) < 0 ||
	    (r = json_get_strv(section, "readonlyPaths", &spec->readonly_paths, err)) < 0 ||
	    (r = json_get_text(section, "mountLabel", &spec->mount_label, err)) < 0 ||
	    (r = parse_personality(section, &spec->personality, err)) < 0 ||
	    (r = parse_memory_policy(section, &spec->memory_policy, err)) < 0 ||
	    (r = parse_intel_rdt(section, &spec->intel_rdt, err)) < 0 ||
	    (r = parse_net_devices(section, spec, err)) < 0)
		return r;
	r = json_get_object(section, "resources", &node, err);
	if (r < 0 || (r > 0 && (r = spec_resources_from_json(&node, &spec->resources, err)) < 0))
		return r;
	r = json_get_object(section, "seccomp", &node, err);
	return r > 0 ? spec_parse_seccomp(&node, &spec->seccomp, err) : r;
}
