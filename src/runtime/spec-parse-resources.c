/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources: config-linux.md, "Control groups". */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "runtime/spec-internal.h"

static int parse_memory(const struct json_node *resources, struct spec_resources *ret, struct error *err)
{
	struct json_node node;
	int r = json_get_object(resources, "memory", &node, err);
	if (r <= 0)
		return r;
	if ((r = spec_parse_optional_i64(&node, "limit", &ret->memory.limit, err)) < 0 ||
	    (r = spec_parse_optional_i64(&node, "reservation", &ret->memory.reservation, err)) < 0 ||
	    (r = spec_parse_optional_i64(&node, "swap", &ret->memory.swap, err)) < 0 ||
	    (r = spec_parse_optional_i64(&node, "kernel", &ret->memory.kernel, err)) < 0 ||
	    (r = spec_parse_optional_i64(&node, "kernelTCP", &ret->memory.kernel_tcp, err)) < 0 ||
	    (r = spec_parse_optional_u64(&node, "swappiness", &ret->memory.swappiness, err)) < 0 ||
	    (r = json_get_bool(&node, "disableOOMKiller", &ret->memory.disable_oom_killer, err)) < 0 ||
	    (r = json_get_bool(&node, "useHierarchy", &ret->memory.use_hierarchy, err)) < 0)
		return r;
	return json_get_bool(&node, "checkBeforeUpdate", &ret->memory.check_before_update, err);
}

static int parse_cpu(const struct json_node *resources, struct spec_resources *ret, struct error *err)
{
	struct json_node node;
	int r = json_get_object(resources, "cpu", &node, err);
	if (r <= 0)
		return r;
	if ((r = spec_parse_optional_u64(&node, "shares", &ret->cpu.shares, err)) < 0 ||
	    (r = spec_parse_optional_i64(&node, "quota", &ret->cpu.quota, err)) < 0 ||
	    (r = spec_parse_optional_u64(&node, "burst", &ret->cpu.burst, err)) < 0 ||
	    (r = spec_parse_optional_u64(&node, "period", &ret->cpu.period, err)) < 0 ||
	    (r = spec_parse_optional_i64(&node, "realtimeRuntime", &ret->cpu.realtime_runtime, err)) < 0 ||
	    (r = spec_parse_optional_u64(&node, "realtimePeriod", &ret->cpu.realtime_period, err)) < 0 ||
	    (r = spec_parse_optional_i64(&node, "idle", &ret->cpu.idle, err)) < 0 ||
	    (r = json_get_text(&node, "cpus", &ret->cpu.cpus, err)) < 0)
		return r;
	return json_get_text(&node, "mems", &ret->cpu.mems, err);
}

static int parse_device_number(const struct json_node *element, int64_t *major, int64_t *minor, struct error *err)
{
	int r = json_get_i64(element, "major", -1, INT32_MAX, major, err);
	return r < 0 ? r : json_get_i64(element, "minor", -1, INT32_MAX, minor, err);
}

static int parse_throttle(const struct json_node *block_io, const char *key, struct spec_throttle *ret,
			  struct error *err)
{
	struct json_node array;
	int r = json_get_array(block_io, key, &array, err);
	for (size_t i = 0; r > 0 && i < json_array_length(&array); i++) {
		struct json_node element = json_array_at(&array, i);
		struct spec_throttle_device *device = ARRAY_APPEND(ret->devices, ret->count);
		r = json_as_object(&element, err);
		if (r < 0 || (r = parse_device_number(&element, &device->major, &device->minor, err)) < 0 ||
		    (r = json_get_u64(&element, "rate", UINT64_MAX, &device->rate, err)) < 0)
			return r;
		r = 1;
	}
	return r;
}

static int parse_block_io(const struct json_node *resources, struct spec_resources *ret, struct error *err)
{
	struct json_node node, array;
	int r = json_get_object(resources, "blockIO", &node, err);
	if (r <= 0)
		return r;
	if ((r = spec_parse_optional_u64(&node, "weight", &ret->block_io.weight, err)) < 0 ||
	    (r = spec_parse_optional_u64(&node, "leafWeight", &ret->block_io.leaf_weight, err)) < 0 ||
	    (r = parse_throttle(&node, "throttleReadBpsDevice", &ret->block_io.read_bps, err)) < 0 ||
	    (r = parse_throttle(&node, "throttleWriteBpsDevice", &ret->block_io.write_bps, err)) < 0 ||
	    (r = parse_throttle(&node, "throttleReadIOPSDevice", &ret->block_io.read_iops, err)) < 0 ||
	    (r = parse_throttle(&node, "throttleWriteIOPSDevice", &ret->block_io.write_iops, err)) < 0)
		return r;
	r = json_get_array(&node, "weightDevice", &array, err);
	for (size_t i = 0; r > 0 && i < json_array_length(&array); i++) {
		struct json_node element = json_array_at(&array, i);
		struct spec_weight_device *device =
			ARRAY_APPEND(ret->block_io.weight_devices, ret->block_io.n_weight_devices);
		r = json_as_object(&element, err);
		if (r < 0 || (r = parse_device_number(&element, &device->major, &device->minor, err)) < 0 ||
		    (r = spec_parse_optional_u64(&element, "weight", &device->weight, err)) < 0 ||
		    (r = spec_parse_optional_u64(&element, "leafWeight", &device->leaf_weight, err)) < 0)
			return r;
		r = 1;
	}
	return r;
}

static int parse_hugepages(const struct json_node *resources, struct spec_resources *ret, struct error *err)
{
	struct json_node array;
	int r = json_get_array(resources, "hugepageLimits", &array, err);
	for (size_t i = 0; r > 0 && i < json_array_length(&array); i++) {
		struct json_node element = json_array_at(&array, i);
		struct spec_hugepage_limit *limit = ARRAY_APPEND(ret->hugepage_limits, ret->n_hugepage_limits);
		r = json_as_object(&element, err);
		if (r < 0 || (r = json_get_text(&element, "pageSize", &limit->page_size, err)) < 0 ||
		    (r = json_get_u64(&element, "limit", UINT64_MAX, &limit->limit, err)) < 0)
			return r;
		if (str_is_empty(limit->page_size) || strchr(limit->page_size, '/'))
			return json_error(&element, err, "\"pageSize\" must be a size such as 2MB");
		r = 1;
	}
	return r;
}

/* What the kernel splits at spaces must have none. */
static bool is_one_word(const char *name)
{
	return *name && !name[strcspn(name, " \t\n")];
}

static int parse_rdma(const struct json_node *resources, struct spec_resources *ret, struct error *err)
{
	struct json_node map, member;
	struct json_iterator iterator = { 0 };
	int r = json_get_object(resources, "rdma", &map, err);
	while (r > 0 && json_next(&map, &iterator, &member)) {
		struct spec_rdma_limit *limit = ARRAY_APPEND(ret->rdma, ret->n_rdma);
		limit->device = mem_strdup(member.key);
		if ((r = json_as_object(&member, err)) < 0 ||
		    (r = spec_parse_optional_u64(&member, "hcaHandles", &limit->handles, err)) < 0 ||
		    (r = spec_parse_optional_u64(&member, "hcaObjects", &limit->objects, err)) < 0)
			return r;
		if (!is_one_word(limit->device))
			return json_error(&member, err, "\"%s\" is not the name of a device", limit->device);
		if (!limit->handles.set && !limit->objects.set)
			return json_error(&member, err, "one of \"hcaHandles\" and \"hcaObjects\" is required");
		if (limit->handles.value > UINT32_MAX || limit->objects.value > UINT32_MAX)
			return json_error(&member, err, "a number is out of range, 0 to %u", UINT32_MAX);
		r = 1;
	}
	return r;
}

static int parse_priorities(const struct json_node *network, struct spec_resources *ret, struct error *err)
{
	struct json_node array;
	int r = json_get_array(network, "priorities", &array, err);
	for (size_t i = 0; r > 0 && i < json_array_length(&array); i++) {
		struct json_node element = json_array_at(&array, i);
		struct spec_network_priority *priority =
			ARRAY_APPEND(ret->network.priorities, ret->network.n_priorities);
		const char *name;
		if ((r = json_as_object(&element, err)) < 0 || (r = json_need_string(&element, "name", &name, err)) < 0 ||
		    (r = spec_parse_u32(&element, "priority", UINT32_MAX, &priority->priority, err)) < 0)
			return r;
		priority->interface = mem_strdup(name);
		if (!is_one_word(name))
			return json_error(&element, err, "\"%s\" is not the name of an interface", name);
		r = 1;
	}
	return r;
}

static int parse_network(const struct json_node *resources, struct spec_resources *ret, struct error *err)
{
	struct json_node node;
	uint32_t class_id;
	int r = json_get_object(resources, "network", &node, err);
	if (r <= 0)
		return r;
	r = spec_parse_u32(&node, "classID", UINT32_MAX, &class_id, err);
	if (r > 0)
		ret->network.class_id = (struct optional_u64){ true, class_id };
	return r < 0 ? r : parse_priorities(&node, ret, err);
}

static int parse_device_rule(const struct json_node *element, struct spec_device_rule *rule, struct error *err)
{
	const char *type = "a", *access = "rwm";
	*rule = (struct spec_device_rule){ .major = -1, .minor = -1 };
	int r = json_as_object(element, err);
	if (r < 0 || (r = json_get_bool(element, "allow", &rule->allow, err)) < 0 ||
	    (r = json_get_string(element, "type", &type, err)) < 0 ||
	    (r = parse_device_number(element, &rule->major, &rule->minor, err)) < 0 ||
	    (r = json_get_string(element, "access", &access, err)) < 0)
		return r;
	if (*type == '\0')
		type = "a";
	if (strlen(type) != 1 || !strchr("abc", *type))
		return json_error(element, err, "device type \"%s\" is none of a, b, c", type);
	if (access[strspn(access, "rwm")])
		return json_error(element, err, "device access \"%s\" has other letters than r, w, m", access);
	rule->type = *type;
	rule->read = strchr(access, 'r');
	rule->write = strchr(access, 'w');
	rule->mknod = strchr(access, 'm');
	return 1;
}

static int parse_device_rules(const struct json_node *resources, struct spec_resources *ret, struct error *err)
{
	struct json_node array;
	int r = json_get_array(resources, "devices", &array, err);
	for (size_t i = 0; r > 0 && i < json_array_length(&array); i++) {
		struct json_node element = json_array_at(&array, i);
		r = parse_device_rule(&element, ARRAY_APPEND(ret->device_rules, ret->n_device_rules), err);
	}
	return r;
}

static int parse_unified(const struct json_node *resources, struct spec_resources *ret, struct error *err)
{
	struct json_node map, member;
	struct json_iterator iterator = { 0 };
	int r = json_get_object(resources, "unified", &map, err);
	while (r > 0 && json_next(&map, &iterator, &member)) {
		const char *value;
		r = json_as_string(&member, &value, err);
		if (r < 0)
			return r;
		if (*member.key == '\0' || *member.key == '.' || strchr(member.key, '/'))
			return json_error(&member, err, "\"%s\" is not the name of a cgroup file", member.key);
		*ARRAY_APPEND(ret->unified, ret->n_unified) =
			(struct spec_unified){ mem_strdup(member.key), mem_strdup(value) };
		r = 1;
	}
	return r;
}

static int parse_pids(const struct json_node *resources, struct spec_resources *ret, struct error *err)
{
	struct json_node node;
	int r = json_get_object(resources, "pids", &node, err);
	return r > 0 ? spec_parse_optional_i64(&node, "limit", &ret->pids_limit, err) : r;
}

int spec_resources_from_json(const struct json_node *node, struct spec_resources *ret, struct error *err)
{
	int r;
	if ((r = parse_memory(node, ret, err)) < 0 || (r = parse_cpu(node, ret, err)) < 0 ||
	    (r = parse_pids(node, ret, err)) < 0 || (r = parse_block_io(node, ret, err)) < 0 ||
	    (r = parse_hugepages(node, ret, err)) < 0 || (r = parse_rdma(node, ret, err)) < 0 ||
	    (r = parse_network(node, ret, err)) < 0 || (r = parse_device_rules(node, ret, err)) < 0 ||
	    (r = parse_unified(node, ret, err)) < 0)
		return r;
	return 0;
}
