/* SPDX-License-Identifier: Apache-2.0 */
/* Networks, and containers' places on them, as Docker shows them. Source: Docker Engine API, "Network" and "Container". */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "engine/engine-internal.h"
#include "engine/inspect-shape.h"
#include "engine/network-cni-show.h"
#include "engine/network-cni.h"
#include "engine/network-inspect.h"
#include "engine/network-row.h"

enum { SHORT_ID = 12 };

static void add_address(struct json_object *object, const char *key, const struct cidr *cidr)
{
	char text[CIDR_TEXT_MAX];
	json_add_string(object, key, cidr_address_text(cidr, text));
}

static void add_cidr(struct json_object *object, const char *key, const struct cidr *cidr)
{
	char text[CIDR_TEXT_MAX];
	json_add_string(object, key, cidr_text(cidr, text));
}

/* --- networks --- */

static void add_auxiliary(struct json_object *config, char *const *auxiliary, const struct cidr *subnet)
{
	struct json_object *addresses = NULL;
	struct cidr address;
	for (; auxiliary && *auxiliary; auxiliary++) {
		const char *equals = strchr(*auxiliary, '=');
		if (!equals || cidr_parse_address(equals + 1, &address, NULL) < 0 || !cidr_contains(subnet, &address))
			continue;
		if (!addresses)
			addresses = json_add_object(config, "AuxiliaryAddresses");
		_cleanup_free_ char *name = mem_strndup(*auxiliary, (size_t)(equals - *auxiliary));
		json_add_string(addresses, name, equals + 1);
	}
}

static void add_config(struct json_object *array, const struct cidr *subnet, const struct cidr *range,
		       const struct cidr *gateway, char *const *auxiliary)
{
	if (!subnet->family)
		return;
	struct json_object *config = json_object_new_object();
	add_cidr(config, "Subnet", subnet);
	if (range->family)
		add_cidr(config, "IPRange", range);
	add_address(config, "Gateway", gateway);
	add_auxiliary(config, auxiliary, subnet);
	json_object_array_add(array, config);
}

static void add_ipam(struct json_object *object, const struct network_record *record)
{
	struct json_object *ipam = json_add_object(object, "IPAM");
	json_add_string(ipam, "Driver", "default");
	json_object_object_add(ipam, "Options", NULL);
	struct json_object *config = json_add_array(ipam, "Config");
	add_config(config, &record->subnet, &record->range, &record->gateway, record->auxiliary);
	add_config(config, &record->subnet6, &record->range6, &record->gateway6, record->auxiliary);
}

/* Of a place on a network there is no id but this: the same for both names, and as long as others'. */
static char *endpoint_id(const struct endpoint *endpoint)
{
	return mem_printf("%.56s%s", endpoint->container, endpoint->link + strlen("veth"));
}

static int add_containers(struct db *db, struct json_object *object, const struct network_record *record,
			  struct error *err)
{
	_cleanup_endpoint_list_ struct endpoint_list list = { 0 };
	struct json_object *containers = json_add_object(object, "Containers");
	int r = endpoint_row_list(db, NULL, record->name, &list, err);
	for (size_t i = 0; r >= 0 && i < list.count; i++) {
		const struct endpoint *endpoint = &list.items[i];
		struct json_object *container = json_add_object(containers, endpoint->container);
		_cleanup_free_ char *id = endpoint_id(endpoint);
		_cleanup_free_ char *name = NULL;
		r = db_get_text(db, "SELECT name FROM containers WHERE id = ?1",
				DB_VALUES(DB_TEXT(endpoint->container)), &name, err);
		json_add_string(container, "Name", name);
		json_add_string(container, "EndpointID", id);
		json_add_string(container, "MacAddress", endpoint->mac);
		add_cidr(container, "IPv4Address", &endpoint->address);
		add_cidr(container, "IPv6Address", &endpoint->address6);
	}
	return r;
}

static int describe(struct db *db, const struct network_record *record, struct json_object *object, struct error *err)
{
	char created[TIME_TEXT_MAX];
	json_add_string(object, "Name", record->name);
	json_add_string(object, "Id", record->id);
	json_add_string(object, "Created", time_format_rfc3339(record->created_at, created));
	json_add_string(object, "Scope", "local");
	json_add_string(object, "Driver", record->driver);
	json_add_bool(object, "EnableIPv4", true);
	json_add_bool(object, "EnableIPv6", record->subnet6.family != 0);
	add_ipam(object, record);
	json_add_bool(object, "Internal", record->internal);
	json_add_bool(object, "Attachable", false);
	json_add_bool(object, "Ingress", false);
	json_add_string(json_add_object(object, "ConfigFrom"), "Network", "");
	json_add_bool(object, "ConfigOnly", false);
	int r = add_containers(db, object, record, err);
	json_add_pairs(object, "Options", record->options);
	json_add_pairs(object, "Labels", record->labels);
	return r;
}

int engine_network_inspect(struct engine *engine, const char *name, struct json_object **ret, struct error *err)
{
	_cleanup_network_ struct network_record *record = NULL;
	_cleanup_json_ struct json_object *object = json_object_new_object();
	struct db *db;
	int r = network_find_any(engine, name, &record, err);
	if (r >= 0)
		r = engine_db(engine, &db, err);
	if (r >= 0)
		r = describe(db, record, object, err);
	if (r >= 0 && streq(record->driver, CNI_DRIVER))
		r = network_cni_describe(engine, record, object, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(object);
	return 0;
}

/* --- containers --- */

char *network_mode_text(const struct container_spec *spec)
{
	switch (spec->network) {
	case NETWORK_HOST:
		return mem_strdup("host");
	case NETWORK_BRIDGE:
		return mem_strdup(spec->n_endpoints > 0 ? spec->endpoints[0].network : "none");
	case NETWORK_CONTAINER:
		return mem_printf("container:%s", spec->network_target);
	case NETWORK_PATH:
		return mem_printf("ns:%s", spec->network_target);
	case NETWORK_CNI:
		return mem_printf("cni:%.*s", (int)strcspn(spec->network_target, ","), spec->network_target);
	case NETWORK_NONE:
		break;
	}
	return mem_strdup("none");
}

char **network_names(const struct container_spec *spec)
{
	char **names = NULL;
	for (size_t i = 0; i < spec->n_endpoints; i++)
		strv_append(&names, spec->endpoints[i].network);
	_cleanup_strv_ char **cni = spec->network == NETWORK_CNI ? strv_split(spec->network_target, ',') : NULL;
	for (char **name = cni; name && *name; name++)
		strv_take(&names, mem_printf("cni:%s", *name));
	if (!names)
		strv_take(&names, network_mode_text(spec));
	return names;
}

/* What Docker says of a port that is published on each address. */
static const char *host_text(const struct published *published, char buf[CIDR_TEXT_MAX])
{
	if (published->port.host.family)
		return cidr_address_text(&published->port.host, buf);
	return published->address.family == AF_INET6 ? "::" : "0.0.0.0";
}

/* A port that is exposed and not published is there with null. */
static void add_ports(struct json_object *object, char *const *exposed_ports, const struct published_list *list)
{
	struct json_object *ports = json_add_object(object, "Ports");
	_cleanup_port_list_ struct port_list exposed = { 0 };
	for (char *const *text = exposed_ports; text && *text; text++)
		(void)port_parse_exposed(*text, &exposed, NULL);
	for (size_t i = 0; i < exposed.count; i++) {
		_cleanup_free_ char *key = port_text(&exposed.items[i]);
		json_object_object_add(ports, key, NULL);
	}
	for (size_t i = 0; i < list->count; i++) {
		_cleanup_free_ char *key = port_text(&list->items[i].port);
		_cleanup_free_ char *number = mem_printf("%u", list->items[i].port.host_port);
		struct json_object *array = json_object_object_get(ports, key), *binding = json_object_new_object();
		char host[CIDR_TEXT_MAX];
		if (!array)
			array = json_add_array(ports, key);
		json_add_string(binding, "HostIp", host_text(&list->items[i], host));
		json_add_string(binding, "HostPort", number);
		json_object_array_add(array, binding);
	}
}

static int add_endpoint(struct db *db, struct json_object *object, const struct endpoint *endpoint, struct error *err)
{
	_cleanup_network_ struct network_record *record = NULL;
	int r = network_row_load(db, endpoint->network, &record, err);
	if (r <= 0)
		return r;
	_cleanup_free_ char *id = endpoint_id(endpoint);
	json_add_string(object, "EndpointID", id);
	add_address(object, "Gateway", &record->gateway);
	add_address(object, "GlobalIPv6Address", &endpoint->address6);
	json_add_i64(object, "GlobalIPv6PrefixLen", endpoint->address6.prefix);
	add_address(object, "IPAddress", &endpoint->address);
	json_add_i64(object, "IPPrefixLen", endpoint->address.prefix);
	add_address(object, "IPv6Gateway", &record->gateway6);
	json_add_string(object, "MacAddress", endpoint->mac);
	return 0;
}

/* What a person has asked for. */
static void add_request(struct json_object *network, const struct endpoint_request *request)
{
	json_add_strv(network, "Aliases", request->aliases);
	json_add_i64(network, "GwPriority", request->priority);
	if (request->options)
		json_add_pairs(network, "DriverOpts", request->options);
	if (!request->address && !request->address6)
		return;
	struct json_object *ipam = json_add_object(network, "IPAMConfig");
	if (request->address)
		json_add_string(ipam, "IPv4Address", request->address);
	if (request->address6)
		json_add_string(ipam, "IPv6Address", request->address6);
}

/* By which its neighbours find it. */
static void add_dns_names(struct db *db, struct json_object *network, const char *id,
			  const struct endpoint_request *request)
{
	_cleanup_strv_ char **names = NULL;
	char *name = NULL;
	if (streq(request->network, NETWORK_DEFAULT_NAME) ||
	    db_get_text(db, "SELECT name FROM containers WHERE id = ?1", DB_VALUES(DB_TEXT(id)), &name, NULL) <= 0)
		return;
	strv_take(&names, name);
	for (char *const *alias = request->aliases; alias && *alias; alias++)
		strv_append(&names, *alias);
	strv_take(&names, mem_strndup(id, SHORT_ID));
	json_add_strv(network, "DNSNames", names);
}

static int add_network(struct db *db, struct json_object *networks, const char *id, const struct container_spec *spec,
		       size_t i, const struct endpoint_list *endpoints, struct error *err)
{
	const struct endpoint_request *request = &spec->endpoints[i];
	struct json_object *network = shape_add_object(networks, request->network, SHAPE_ENDPOINT);
	add_request(network, request);
	add_dns_names(db, network, id, request);
	_cleanup_network_ struct network_record *record = NULL;
	int r = network_row_load(db, request->network, &record, err);
	json_add_string(network, "NetworkID", r > 0 ? record->id : "");
	for (size_t k = 0; r >= 0 && k < endpoints->count; k++)
		if (streq(endpoints->items[k].network, request->network))
			r = add_endpoint(db, network, &endpoints->items[k], err);
	return r;
}

static bool has_network_of_its_own(const struct container_spec *spec)
{
	return spec->network == NETWORK_BRIDGE || spec->network == NETWORK_CNI;
}

int network_settings_add(struct engine *engine, const char *id, const struct container_config *config, bool runs,
			 struct json_object *object, struct error *err)
{
	const struct container_spec *spec = config_spec(config);
	_cleanup_endpoint_list_ struct endpoint_list endpoints = { 0 };
	_cleanup_published_list_ struct published_list ports = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = endpoint_row_list(db, id, NULL, &endpoints, err);
	if (r >= 0)
		r = published_row_list(db, id, &ports, err);
	if (r < 0)
		return r;
	add_ports(object, runs && has_network_of_its_own(spec) ? config->exposed_ports : NULL, &ports);
	if (endpoints.count > 0 && streq(endpoints.items[0].network, NETWORK_DEFAULT_NAME))
		r = add_endpoint(db, object, &endpoints.items[0], err);
	struct json_object *networks = json_add_object(object, "Networks");
	_cleanup_free_ char *mode = network_mode_text(spec);
	if (spec->network == NETWORK_NONE || spec->network == NETWORK_HOST)
		shape_add_object(networks, mode, SHAPE_ENDPOINT);
	_cleanup_strv_ char **cni = spec->network == NETWORK_CNI ? network_names(spec) : NULL;
	for (char **name = cni; name && *name; name++)
		shape_add_object(networks, *name, SHAPE_ENDPOINT);
	if (r >= 0 && cni)
		r = network_cni_settings(engine, id, networks, err);
	for (size_t i = 0; r >= 0 && i < spec->n_endpoints; i++)
		r = add_network(db, networks, id, spec, i, &endpoints, err);
	return r < 0 ? r : 0;
}

/* --- published ports --- */

static bool is_published(const struct published_list *list, const struct port *port)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].port.container_port == port->container_port &&
		    list->items[i].port.protocol == port->protocol)
			return true;
	return false;
}

static struct port_binding published_binding(const struct published *published)
{
	struct port_binding binding = {
		.host_port = published->port.host_port,
		.container_port = published->port.container_port,
		.protocol = port_protocol_name(published->port.protocol),
	};
	char host[CIDR_TEXT_MAX];
	str_copy(binding.host, sizeof binding.host, host_text(published, host));
	return binding;
}

void network_ports(struct engine *engine, const struct container_row *row, struct port_binding **ret,
		   size_t *ret_count)
{
	_cleanup_published_list_ struct published_list list = { 0 };
	_cleanup_port_list_ struct port_list exposed = { 0 };
	struct db *db;
	bool plugged_in = row->state == STATE_RUNNING && has_network_of_its_own(config_spec(&row->config));
	if (plugged_in && engine_db(engine, &db, NULL) >= 0)
		(void)published_row_list(db, row->id, &list, NULL);
	for (size_t i = 0; i < list.count; i++)
		*ARRAY_APPEND(*ret, *ret_count) = published_binding(&list.items[i]);
	for (char **port = row->config.exposed_ports; plugged_in && port && *port; port++)
		(void)port_parse_exposed(*port, &exposed, NULL);
	for (size_t i = 0; i < exposed.count; i++)
		if (!is_published(&list, &exposed.items[i]))
			*ARRAY_APPEND(*ret, *ret_count) = (struct port_binding){
				.container_port = exposed.items[i].container_port,
				.protocol = port_protocol_name(exposed.items[i].protocol),
			};
}

char *network_ports_text(const struct port_binding *bindings, size_t count)
{
	struct str text = { 0 };
	for (size_t i = 0; i < count; i++) {
		const struct port_binding *binding = &bindings[i];
		bool v6 = strchr(binding->host, ':');
		if (text.len)
			str_append(&text, ", ");
		if (binding->host_port)
			str_appendf(&text, "%s%s%s:%u->", v6 ? "[" : "", binding->host, v6 ? "]" : "",
				    binding->host_port);
		str_appendf(&text, "%u/%s", binding->container_port, binding->protocol);
	}
	return str_take(&text);
}

int engine_container_ports(struct engine *engine, const char *name, struct port_binding **ret, size_t *ret_count,
			   struct error *err)
{
	_cleanup_published_list_ struct published_list list = { 0 };
	char id[ID_HEX_LENGTH + 1];
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = container_row_find(db, name, id, err);
	if (r >= 0)
		r = published_row_list(db, id, &list, err);
	if (r < 0)
		return r;
	struct port_binding *bindings = mem_alloc((list.count + 1) * sizeof *bindings);
	for (size_t i = 0; i < list.count; i++)
		bindings[i] = published_binding(&list.items[i]);
	*ret = bindings;
	*ret_count = list.count;
	return 0;
}
