/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container-spec.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/mount-request.h"

enum kind { KIND_STRING, KIND_STRV, KIND_BOOL, KIND_U64, KIND_I64 };

#define FIELD(name, kind) { STRINGIFY(name), kind, offsetof(struct container_spec, name) }

static const struct field {
	const char *key;
	enum kind kind;
	size_t offset;
} FIELDS[] = {
	FIELD(name, KIND_STRING),
	FIELD(image, KIND_STRING),
	FIELD(labels, KIND_STRV),
	FIELD(working_dir, KIND_STRING),
	FIELD(user, KIND_STRING),
	FIELD(umask, KIND_STRING),
	FIELD(pid_file, KIND_STRING),
	FIELD(cidfile, KIND_STRING),
	FIELD(hostname, KIND_STRING),
	FIELD(domainname, KIND_STRING),
	FIELD(read_only, KIND_BOOL),
	FIELD(privileged, KIND_BOOL),
	FIELD(tty, KIND_BOOL),
	FIELD(open_stdin, KIND_BOOL),
	FIELD(auto_remove, KIND_BOOL),
	FIELD(init, KIND_BOOL),
	FIELD(memory, KIND_U64),
	FIELD(memory_swap, KIND_I64),
	FIELD(cpus_nano, KIND_U64),
	FIELD(cpu_shares, KIND_U64),
	FIELD(pids_limit, KIND_I64),
	FIELD(shm_size, KIND_U64),
	FIELD(storage_options, KIND_STRV),
	FIELD(cap_add, KIND_STRV),
	FIELD(cap_drop, KIND_STRV),
	FIELD(devices, KIND_STRV),
	FIELD(device_rules, KIND_STRV),
	FIELD(annotations, KIND_STRV),
	FIELD(sysctls, KIND_STRV),
	FIELD(time_offsets, KIND_STRV),
	FIELD(secrets, KIND_STRV),
	FIELD(ulimits, KIND_STRV),
	FIELD(groups, KIND_STRV),
	FIELD(pid_mode, KIND_STRING),
	FIELD(ipc_mode, KIND_STRING),
	FIELD(uts_mode, KIND_STRING),
	FIELD(cgroupns_mode, KIND_STRING),
	FIELD(userns_mode, KIND_STRING),
	FIELD(uid_maps, KIND_STRV),
	FIELD(gid_maps, KIND_STRV),
	FIELD(no_passwd, KIND_BOOL),
	FIELD(subuid_name, KIND_STRING),
	FIELD(subgid_name, KIND_STRING),
	FIELD(memory_reservation, KIND_I64),
	FIELD(has_swappiness, KIND_BOOL),
	FIELD(swappiness, KIND_U64),
	FIELD(oom_kill_disable, KIND_BOOL),
	FIELD(oom_score_adj, KIND_I64),
	FIELD(cpu_period_us, KIND_U64),
	FIELD(cpu_quota_us, KIND_I64),
	FIELD(cpuset_cpus, KIND_STRING),
	FIELD(cpuset_mems, KIND_STRING),
	FIELD(cpu_weight, KIND_U64),
	FIELD(cpu_burst_us, KIND_U64),
	FIELD(cpu_idle, KIND_I64),
	FIELD(cpu_rt_period_us, KIND_U64),
	FIELD(cpu_rt_runtime_us, KIND_I64),
	FIELD(memory_min, KIND_I64),
	FIELD(memory_low, KIND_I64),
	FIELD(memory_high, KIND_I64),
	FIELD(oom_group, KIND_BOOL),
	FIELD(blkio_weight, KIND_U64),
	FIELD(blkio_weight_device, KIND_STRV),
	FIELD(device_read_bps, KIND_STRV),
	FIELD(device_write_bps, KIND_STRV),
	FIELD(device_read_iops, KIND_STRV),
	FIELD(device_write_iops, KIND_STRV),
	FIELD(cgroup_conf, KIND_STRV),
	FIELD(cgroups_best_effort, KIND_BOOL),
	FIELD(qos, KIND_STRING),
	FIELD(pressure_notify, KIND_STRV),
	FIELD(cgroup_parent, KIND_STRING),
	FIELD(cgroups_mode, KIND_STRING),
	FIELD(systemd_mode, KIND_STRING),
	FIELD(stop_signal, KIND_STRING),
	FIELD(health_on_failure, KIND_STRING),
	FIELD(sdnotify, KIND_STRING),
	FIELD(log_driver, KIND_STRING),
	FIELD(log_options, KIND_STRV),
	FIELD(restart_policy, KIND_STRING),
	FIELD(restart_max, KIND_I64),
	FIELD(has_stop_timeout, KIND_BOOL),
	FIELD(stop_timeout_s, KIND_I64),
	FIELD(network_target, KIND_STRING),
	FIELD(cni_addresses, KIND_STRV),
	FIELD(cni_mac, KIND_STRING),
	FIELD(ports, KIND_STRV),
	FIELD(exposed, KIND_STRV),
	FIELD(publish_all, KIND_BOOL),
	FIELD(extra_hosts, KIND_STRV),
	FIELD(dns, KIND_STRV),
	FIELD(dns_search, KIND_STRV),
	FIELD(dns_options, KIND_STRV),
	FIELD(platform, KIND_STRING),
	FIELD(volumes_from, KIND_STRV),
};

static const char *const NETWORK_NAMES[] = {
	[NETWORK_NONE] = "none",	   [NETWORK_HOST] = "host", [NETWORK_BRIDGE] = "bridge",
	[NETWORK_CONTAINER] = "container", [NETWORK_PATH] = "ns",   [NETWORK_CNI] = "cni",
};

static void *field_of(const struct container_spec *spec, const struct field *field)
{
	return (char *)spec + field->offset;
}

/* --- freeing --- */

void endpoint_request_done(struct endpoint_request *endpoint)
{
	free(endpoint->network);
	free(endpoint->address);
	free(endpoint->address6);
	free(endpoint->mac);
	strv_free(endpoint->aliases);
	strv_free(endpoint->options);
	*endpoint = (struct endpoint_request){ 0 };
}

void container_spec_done(struct container_spec *spec)
{
	for (size_t i = 0; i < ARRAY_SIZE(FIELDS); i++) {
		if (FIELDS[i].kind == KIND_STRING)
			free(*(char **)field_of(spec, &FIELDS[i]));
		else if (FIELDS[i].kind == KIND_STRV)
			strv_free(*(char ***)field_of(spec, &FIELDS[i]));
	}
	mount_requests_free(spec->mounts, spec->n_mounts);
	for (size_t i = 0; i < spec->n_endpoints; i++)
		endpoint_request_done(&spec->endpoints[i]);
	free(spec->endpoints);
	free(spec->pod);
	strv_free(spec->command);
	strv_free(spec->entrypoint);
	strv_free(spec->env);
	strv_free(spec->env_sources);
	strv_free(spec->unset_env);
	strv_free(spec->security_options);
	image_health_done(&spec->health);
	*spec = (struct container_spec){ 0 };
}

/* --- writing --- */

static void add_field(struct json_object *object, const struct field *field, const void *value)
{
	switch (field->kind) {
	case KIND_STRING:
		json_add_string(object, field->key, *(char *const *)value);
		break;
	case KIND_STRV:
		json_add_strv(object, field->key, *(char **const *)value);
		break;
	case KIND_BOOL:
		if (*(const bool *)value)
			json_add_bool(object, field->key, true);
		break;
	case KIND_U64:
		if (*(const uint64_t *)value)
			json_object_object_add(object, field->key, json_object_new_uint64(*(const uint64_t *)value));
		break;
	case KIND_I64:
		if (*(const int64_t *)value)
			json_add_i64(object, field->key, *(const int64_t *)value);
		break;
	}
}

static void add_endpoints(struct json_object *object, const struct container_spec *spec)
{
	struct json_object *array = spec->n_endpoints ? json_add_array(object, "endpoints") : NULL;
	for (size_t i = 0; i < spec->n_endpoints; i++) {
		const struct endpoint_request *endpoint = &spec->endpoints[i];
		struct json_object *element = json_object_new_object();
		json_add_string(element, "network", endpoint->network);
		json_add_string(element, "address", endpoint->address);
		json_add_string(element, "address6", endpoint->address6);
		json_add_string(element, "mac", endpoint->mac);
		json_add_strv(element, "aliases", endpoint->aliases);
		json_add_strv(element, "options", endpoint->options);
		json_add_i64(element, "priority", endpoint->priority);
		json_object_array_add(array, element);
	}
}

void container_spec_to_json(const struct container_spec *spec, struct json_object *object)
{
	for (size_t i = 0; i < ARRAY_SIZE(FIELDS); i++)
		add_field(object, &FIELDS[i], field_of(spec, &FIELDS[i]));
	json_add_string(object, "network", NETWORK_NAMES[spec->network]);
	add_endpoints(object, spec);
	mount_requests_to_json(spec->mounts, spec->n_mounts, object);
}

/* --- reading --- */

static int get_field(const struct json_node *object, const struct field *field, void *value, struct error *err)
{
	switch (field->kind) {
	case KIND_STRING:
		return json_get_text(object, field->key, value, err);
	case KIND_STRV:
		return json_get_strv(object, field->key, value, err);
	case KIND_BOOL:
		return json_get_bool(object, field->key, value, err);
	case KIND_U64:
		return json_get_u64(object, field->key, UINT64_MAX, value, err);
	case KIND_I64:
		return json_get_i64(object, field->key, INT64_MIN, INT64_MAX, value, err);
	}
	return 0;
}

/* The index of the word under @key, which is one of @names. */
static int get_choice(const struct json_node *object, const char *key, const char *const *names, size_t count,
		      struct error *err)
{
	const char *word;
	int r = json_need_string(object, key, &word, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		if (streq(names[i], word))
			return (int)i;
	return json_error(object, err, "\"%s\" is not a word for \"%s\"", word, key);
}

static int get_endpoint(const struct json_node *element, struct endpoint_request *endpoint, struct error *err)
{
	int r = json_as_object(element, err);
	if (r >= 0)
		r = json_get_text(element, "network", &endpoint->network, err);
	if (r >= 0)
		r = json_get_text(element, "address", &endpoint->address, err);
	if (r >= 0)
		r = json_get_text(element, "address6", &endpoint->address6, err);
	if (r >= 0)
		r = json_get_text(element, "mac", &endpoint->mac, err);
	if (r >= 0)
		r = json_get_strv(element, "aliases", &endpoint->aliases, err);
	if (r >= 0)
		r = json_get_strv(element, "options", &endpoint->options, err);
	return r < 0 ? r : json_get_i64(element, "priority", INT32_MIN, INT32_MAX, &endpoint->priority, err);
}

static int get_endpoints(const struct json_node *object, struct container_spec *spec, struct error *err)
{
	struct json_node array;
	int r = json_get_array(object, "endpoints", &array, err);
	for (size_t i = 0; r > 0 && i < json_array_length(&array); i++) {
		struct json_node element = json_array_at(&array, i);
		r = get_endpoint(&element, ARRAY_APPEND(spec->endpoints, spec->n_endpoints), err);
		if (r < 0)
			return r;
		r = 1;
	}
	return r;
}

int container_spec_from_json(const struct json_node *object, struct container_spec *ret, struct error *err)
{
	_cleanup_container_spec_ struct container_spec spec = { 0 };
	int r = json_as_object(object, err);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(FIELDS); i++)
		r = get_field(object, &FIELDS[i], field_of(&spec, &FIELDS[i]), err);
	if (r >= 0)
		r = mount_requests_from_json(object, &spec.mounts, &spec.n_mounts, err);
	if (r >= 0)
		r = get_endpoints(object, &spec, err);
	if (r >= 0)
		r = get_choice(object, "network", NETWORK_NAMES, ARRAY_SIZE(NETWORK_NAMES), err);
	if (r < 0)
		return r;
	spec.network = (enum network_mode)r;
	*ret = spec;
	spec = (struct container_spec){ 0 };
	return 0;
}
