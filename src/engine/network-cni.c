/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-cni.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/time.h"
#include "engine/network-cni-row.h"
#include "engine/network-policy.h"
#include "engine/network-reserve.h"
#include "engine/network-user.h"
#include "network/cni-result.h"
#include "network/cni.h"
#include "network/link.h"
#include "network/netns.h"

#define DEFAULT_DIRECTORY "/etc/cni/net.d"
#define DEFAULT_PATH "/opt/cni/bin:/usr/lib/cni:/usr/libexec/cni"
#define DEFAULT_TIMEOUT "2m"

/* --- where, and for how long --- */

static const char *environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name);
	return str_is_empty(value) ? otherwise : value;
}

const char *network_cni_directory(void)
{
	return environment("COFFER_CNI_CONF_DIR", DEFAULT_DIRECTORY);
}

const char *network_cni_path(void)
{
	return environment("COFFER_CNI_PATH", DEFAULT_PATH);
}

/* A nonsense of somebody's environment is not what keeps a container from its network. */
int network_cni_timeout_ms(void)
{
	int64_t ns;
	const char *text = environment("COFFER_CNI_TIMEOUT", DEFAULT_TIMEOUT);
	if (parse_duration(text, &ns, NULL) < 0 || ns / NSEC_PER_MSEC > INT_MAX) {
		log_warn("COFFER_CNI_TIMEOUT is no duration: \"%s\"", text);
		(void)parse_duration(DEFAULT_TIMEOUT, &ns, NULL);
	}
	return (int)(ns / NSEC_PER_MSEC);
}

/* --- leaving --- */

/*
 * The container's namespace is gone by now. But plugins read from the interface in there what they have to remove outside
 * of it (the addresses that masquerading is for), and leave that without it: they get another one, with an interface of
 * that name and those addresses.
 */
static int make_stand_in(const struct cni_place *place, struct netns *netns, struct error *err)
{
	_cleanup_cni_result_ struct cni_result result = { 0 };
	int r = cni_place_result(place, &result, err);
	if (r >= 0)
		r = netns_make(true, netns, err);
	const struct bridge link = { .name = place->interface, .gateway = result.address, .gateway6 = result.address6 };
	return r < 0 ? r : bridge_make(netns->rtnl, &link, err);
}

/* @netns: the container's, or -1 if it is gone. */
static int leave(struct db *db, const struct cni_place *place, int netns, struct error *err)
{
	_cleanup_netns_ struct netns stand_in = NETNS_NONE;
	struct error failure = { 0 };
	if (netns < 0 && place->result && make_stand_in(place, &stand_in, &failure) < 0)
		log_failure(LOG_LEVEL_WARN, "stand in for a network namespace", &failure);
	const struct cni_call call = cni_place_call(place, netns < 0 ? stand_in.fd : netns);
	int r = cni_del(place->network, &call, place->result, err);
	return r < 0 ? r : cni_place_delete(db, place, err);
}

/* All, the last one first. Goes on after an error, and returns the first. */
static int leave_all(struct db *db, const struct cni_places *places, int netns, struct error *err)
{
	int first = 0;
	for (size_t i = places->count; i > 0; i--) {
		struct error failure = { 0 };
		int r = leave(db, &places->items[i - 1], netns, &failure);
		if (r < 0 && first < 0)
			log_failure(LOG_LEVEL_WARN, NULL, &failure);
		else if (r < 0 && err)
			*err = failure;
		first = first < 0 ? first : r;
	}
	return first;
}

int network_cni_detach(struct engine *engine, const char *id, struct error *err)
{
	_cleanup_cni_places_ struct cni_places places = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = cni_places_load(db, id, &places, err);
	return r < 0 ? r : leave_all(db, &places, -1, err);
}

/* --- what is published --- */

/* For each of the host's addresses of one family or both, there is a row; a plugin takes both in one. */
static bool is_repeated(const struct published_list *ports, size_t i)
{
	const struct port *port = &ports->items[i].port, *last = i > 0 ? &ports->items[i - 1].port : NULL;
	return last && !port->host.family && !last->host.family && last->host_port == port->host_port &&
	       last->container_port == port->container_port && last->protocol == port->protocol;
}

static void add_mappings(struct json_object *capabilities, const struct published_list *ports)
{
	char host[CIDR_TEXT_MAX];
	for (size_t i = 0; i < ports->count; i++) {
		const struct port *port = &ports->items[i].port;
		if (is_repeated(ports, i))
			continue;
		struct json_object *mapping = json_object_new_object();
		struct json_object *mappings = json_object_object_get(capabilities, CNI_PORT_MAPPINGS);
		if (!mappings)
			mappings = json_add_array(capabilities, CNI_PORT_MAPPINGS);
		json_add_i64(mapping, "hostPort", port->host_port);
		json_add_i64(mapping, "containerPort", port->container_port);
		json_add_string(mapping, "protocol", port_protocol_name(port->protocol));
		if (port->host.family)
			json_add_string(mapping, "hostIP", cidr_address_text(&port->host, host));
		json_object_array_add(mappings, mapping);
	}
}

/* The first place whose plugins can publish ports, or NULL. */
static struct cni_place *find_publisher(const struct cni_places *places)
{
	for (size_t i = 0; i < places->count; i++)
		if (cni_network_has(places->items[i].network, CNI_PORT_MAPPINGS))
			return &places->items[i];
	return NULL;
}

/* What the container asks for on its first network; and all ports on one that can publish them. */
static void set_capabilities(const struct container_spec *spec, struct cni_places *places,
			     const struct published_list *ports)
{
	struct cni_place *publisher = find_publisher(places);
	for (size_t i = 0; i < places->count; i++)
		places->items[i].capabilities = json_object_new_object();
	if (publisher)
		add_mappings(publisher->capabilities, ports);
	if (spec->cni_addresses)
		json_add_strv(places->items[0].capabilities, CNI_IPS, spec->cni_addresses);
	json_add_string(places->items[0].capabilities, CNI_MAC, spec->cni_mac);
}

/* Their addresses in the container are known only when the plugins have run. */
static int reserve(struct db *db, const struct container_config *config, struct cni_places *places,
		   struct published_list *ports, struct error *err)
{
	struct endpoint unknown = { 0 };
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	int r = cidr_parse_address("127.0.0.1", &unknown.address, err);
	if (r >= 0)
		r = cidr_parse_address("::1", &unknown.address6, err);
	if (r >= 0)
		r = db_begin(db, &transaction, err);
	if (r >= 0)
		r = reserve_ports(db, NULL, places->items[0].id, config, NULL, &unknown, ports, err);
	if (r >= 0 && ports->count > 0 && !find_publisher(places)) {
		err_set(err, ERR_NET, "network cni:%s cannot publish ports", places->items[0].network->name);
		return err_cause(err, "none of its plugins has the capability " CNI_PORT_MAPPINGS);
	}
	set_capabilities(config_spec(config), places, ports);
	for (size_t i = 0; r >= 0 && i < places->count; i++)
		r = cni_place_insert(db, &places->items[i], err);
	return r < 0 ? r : db_commit(&transaction, err);
}

/* --- joining --- */

static int add(struct db *db, struct cni_place *place, const struct launch *launch, int netns, struct error *err)
{
	struct cni_call call = cni_place_call(place, netns);
	call.keep = launch->dir.lock;
	int r = 0;
	for (size_t i = 0; r >= 0 && i < place->network->n_plugins; i++) {
		r = cni_add(place->network, i, &call, &place->result, err);
		if (r >= 0)
			r = cni_place_save(db, place, err);
	}
	return r;
}

static int make_endpoint(const struct cni_place *place, struct endpoint *ret, struct error *err)
{
	_cleanup_cni_result_ struct cni_result result = { 0 };
	int r = cni_place_result(place, &result, err);
	if (r < 0)
		return r;
	*ret = (struct endpoint){
		.container = mem_strdup(place->id),
		.network = mem_printf("cni:%s", place->network->name),
		.interface = mem_strdup(place->interface),
		.mac = TAKE_PTR(result.mac),
		.address = result.address,
		.address6 = result.address6,
	};
	return 0;
}

static int not_given(const struct cni_place *place, const char *capability, const char *asked, const char *given,
		     struct error *err)
{
	err_set(err, ERR_NET, "network cni:%s does not give a container the address %s", place->network->name, asked);
	return err_cause(err, "%s; its plugins have given %s",
			 cni_network_has(place->network, capability) ? "it was asked for"
								     : "none of its plugins has the capability for it",
			 *given ? given : "none");
}

/* Plugins may pass over what they do not know. */
static int check_given(const struct cni_place *place, const struct endpoint *endpoint, struct error *err)
{
	struct json_object *addresses = json_object_object_get(place->capabilities, CNI_IPS);
	const char *mac = json_object_get_string(json_object_object_get(place->capabilities, CNI_MAC));
	for (size_t i = 0; addresses && i < json_object_array_length(addresses); i++) {
		const char *asked = json_object_get_string(json_object_array_get_idx(addresses, i));
		struct cidr cidr;
		char text[CIDR_TEXT_MAX];
		int r = cidr_parse(asked, &cidr, err);
		const struct cidr *given = cidr.family == AF_INET6 ? &endpoint->address6 : &endpoint->address;
		if (r < 0)
			return r;
		if (!cidr_same_address(&cidr, given))
			return not_given(place, CNI_IPS, asked, cidr_address_text(given, text), err);
	}
	if (mac && strcasecmp(mac, endpoint->mac ? endpoint->mac : "") != 0)
		return not_given(place, CNI_MAC, mac, endpoint->mac ? endpoint->mac : "", err);
	return 0;
}

/* The rows of ports say now where they lead to. */
static int record_ports(struct db *db, const struct endpoint *endpoint, const struct published_list *before,
			struct error *err)
{
	_cleanup_published_list_ struct published_list ports = { 0 };
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	if (before->count == 0)
		return 0;
	int r = db_begin(db, &transaction, err);
	if (r >= 0)
		r = reserve_ports_again(db, endpoint->container, before, endpoint, &ports, err);
	return r < 0 ? r : db_commit(&transaction, err);
}

static int join(struct db *db, struct cni_place *place, const struct launch *launch, int netns,
		struct endpoint_list *endpoints, struct error *err)
{
	struct endpoint endpoint;
	int r = add(db, place, launch, netns, err);
	if (r >= 0)
		r = make_endpoint(place, &endpoint, err);
	if (r < 0)
		return r;
	*ARRAY_APPEND(endpoints->items, endpoints->count) = endpoint;
	return check_given(place, &endpoint, err);
}

static int join_all(struct db *db, struct cni_places *places, const struct launch *launch,
		    const struct published_list *ports, struct netns *netns, struct endpoint_list *endpoints,
		    struct error *err)
{
	const struct cni_place *publisher = find_publisher(places);
	int r = netns_make(true, netns, err);
	for (size_t i = 0; r >= 0 && i < places->count; i++)
		r = join(db, &places->items[i], launch, netns->fd, endpoints, err);
	return r < 0 || !publisher ? r : record_ports(db, &endpoints->items[publisher - places->items], ports, err);
}

static int find(const char *id, const char *name, size_t number, struct cni_place *ret, struct error *err)
{
	const char *path = network_cni_path();
	if (network_is_of_user())
		return err_set(err, ERR_UNSUPPORTED, "network cni:%s: plugins of CNI need root", name);
	int r = cni_network_find(network_cni_directory(), name, &ret->network, err);
	if (r >= 0)
		r = cni_find_plugins(ret->network, path, err);
	ret->id = mem_strdup(id);
	ret->interface = mem_printf("eth%zu", number);
	ret->path = mem_strdup(path);
	return r;
}

static int find_all(const char *id, const char *names, struct cni_places *places, struct error *err)
{
	_cleanup_strv_ char **list = strv_split(names, ',');
	int r = 0;
	for (size_t i = 0; r >= 0 && list[i]; i++)
		r = find(id, list[i], i, ARRAY_APPEND(places->items, places->count), err);
	return r;
}

static void take_back(struct db *db, const struct cni_places *places, const struct netns *netns)
{
	struct error failure = { 0 };
	if (leave_all(db, places, netns->fd, &failure) < 0)
		log_failure(LOG_LEVEL_WARN, "take a container from its network", &failure);
}

int network_cni_attach(struct engine *engine, const struct launch *launch, const struct container_config *config,
		       int *ret_netns, struct endpoint_list *ret_endpoints, struct error *err)
{
	_cleanup_cni_places_ struct cni_places places = { 0 };
	_cleanup_netns_ struct netns netns = NETNS_NONE;
	_cleanup_published_list_ struct published_list ports = { 0 };
	_cleanup_endpoint_list_ struct endpoint_list endpoints = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = network_cni_detach(engine, launch->id, err);
	if (r >= 0)
		r = find_all(launch->id, config_spec(config)->network_target, &places, err);
	if (r >= 0)
		r = policy_check_places(engine, launch->name, config->labels, &places, err);
	if (r >= 0)
		r = reserve(db, config, &places, &ports, err);
	if (r < 0)
		return r;
	r = join_all(db, &places, launch, &ports, &netns, &endpoints, err);
	if (r < 0) {
		take_back(db, &places, &netns);
		return r;
	}
	*ret_netns = TAKE_FD(netns.fd);
	*ret_endpoints = endpoints;
	endpoints = (struct endpoint_list){ 0 };
	return 0;
}

/* --- repairing --- */

/* Under a lock of our own, so that nobody starts the container meanwhile. */
static int repair(struct engine *engine, struct db *db, const char *id, struct error *err)
{
	_cleanup_run_dir_ struct run_dir dir = RUN_DIR_NONE;
	int r = run_dir_make(engine, id, &dir, err);
	if (r < 0)
		return r == -ERR_BUSY ? 0 : r;
	r = cni_place_is_abandoned(db, id, err);
	if (r > 0)
		r = network_cni_detach(engine, id, err);
	(void)run_dir_remove(engine, id, &dir, NULL);
	return r;
}

int network_cni_repair(struct engine *engine, struct error *err)
{
	_cleanup_strv_ char **ids = NULL;
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = cni_place_abandoned(db, &ids, err);
	for (char **id = ids; id && *id; id++) {
		struct error failure = { 0 };
		if (repair(engine, db, *id, &failure) < 0)
			log_failure(LOG_LEVEL_WARN, "take a container from its network", &failure);
	}
	return r;
}
