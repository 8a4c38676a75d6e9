/* SPDX-License-Identifier: Apache-2.0 */
/* Pods as Podman shows them. Source: podman-pod-inspect(1), and what podman 5 prints. */
#include "base/json.h"
#include "base/mem.h"
#include "base/time.h"
#include "engine/engine-internal.h"
#include "engine/inspect-json.h"
#include "engine/network.h"
#include "engine/pod-row.h"
#include "engine/record.h"

static void add_bindings(struct json_object *config, const struct container_record *infra)
{
	struct json_object *all = json_add_object(config, "PortBindings");
	for (size_t i = 0; i < infra->n_bindings; i++) {
		const struct port_binding *binding = &infra->bindings[i];
		_cleanup_free_ char *key = mem_printf("%d/%s", binding->container_port, binding->protocol);
		_cleanup_free_ char *port = mem_printf("%d", binding->host_port);
		struct json_object *list = json_object_object_get(all, key);
		struct json_object *item = json_object_new_object();
		json_add_string(item, "HostIp", binding->host);
		json_add_string(item, "HostPort", port);
		json_object_array_add(list ? list : json_add_array(all, key), item);
	}
}

static void add_infra(struct json_object *root, const struct container_record *infra, const struct container_spec *spec)
{
	struct json_object *config = json_add_object(root, "InfraConfig");
	add_bindings(config, infra);
	json_add_bool(config, "HostNetwork", spec->network == NETWORK_HOST);
	json_add_string(config, "StaticIP",
			spec->n_endpoints > 0 && spec->endpoints[0].address ? spec->endpoints[0].address : "");
	json_add_string(config, "StaticMAC",
			spec->n_endpoints > 0 && spec->endpoints[0].mac ? spec->endpoints[0].mac : "");
	inspect_add_words(config, "DNSServer", spec->dns);
	inspect_add_words(config, "DNSSearch", spec->dns_search);
	inspect_add_words(config, "DNSOption", spec->dns_options);
	inspect_add_words(config, "HostAdd", spec->extra_hosts);
	inspect_add_words(config, "Networks", infra->networks);
}

static void add_containers(struct json_object *root, const struct pod *pod)
{
	json_add_i64(root, "NumContainers", (int64_t)pod->n_containers);
	struct json_object *list = json_add_array(root, "Containers");
	for (size_t i = 0; i < pod->n_containers; i++) {
		struct json_object *item = json_object_new_object();
		json_add_string(item, "Id", pod->containers[i]->id);
		json_add_string(item, "Name", pod->containers[i]->name);
		json_add_string(item, "State", container_state_name(pod->containers[i]->state));
		json_object_array_add(list, item);
	}
}

static struct json_object *describe(const struct pod *pod, const struct container_row *infra)
{
	char created[TIME_TEXT_MAX];
	const struct container_spec *spec = config_spec(&infra->config);
	struct json_object *root = json_object_new_object();
	json_add_string(root, "Id", pod->id);
	json_add_string(root, "Name", pod->name);
	json_add_string(root, "Created", time_format_rfc3339(pod->created_at, created));
	json_add_string(root, "ExitPolicy", pod->stops ? "stop" : "continue");
	json_add_string(root, "State", pod_state(pod));
	json_add_string(root, "Hostname", spec->hostname ? spec->hostname : "");
	json_add_pairs(root, "Labels", pod->labels);
	json_add_bool(root, "CreateInfra", true);
	json_add_string(root, "InfraContainerID", pod->infra);
	add_infra(root, pod->containers[0], spec);
	inspect_add_words(root, "SharedNamespaces", pod->shares);
	add_containers(root, pod);
	return root;
}

int engine_pod_inspect(struct engine *engine, const char *name, struct json_object **ret, struct error *err)
{
	_cleanup_pod_ struct pod *pod = NULL;
	_cleanup_container_row_ struct container_row infra = { 0 };
	int r = engine_pod_find(engine, name, &pod, err);
	if (r >= 0)
		r = container_load_row(engine, pod->infra, &infra, err);
	if (r >= 0 && pod->n_containers == 0) /* it has gone meanwhile */
		r = pod_not_found(name, err);
	if (r < 0)
		return r;
	*ret = describe(pod, &infra);
	return 0;
}
