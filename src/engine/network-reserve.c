/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-reserve.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/random.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/network-subnet.h"

#define GIVEN_PORTS "/proc/sys/net/ipv4/ip_local_port_range" /* "32768	60999" */

/* --- places --- */

static int take_address(const char *text, struct cidr *ret, struct error *err)
{
	return text ? cidr_parse_address(text, ret, err) : 0;
}

static char *interface_name(const struct network_record *network, const struct endpoint_request *request,
			    unsigned number)
{
	const char *name = env_value(request->options, ENDPOINT_NAME_OPTION);
	return name ? mem_strdup(name) : mem_printf("%s%u", network->prefix ? network->prefix : "eth", number);
}

/* Links of ipvlan have that of their parent: it is "" here. */
static int take_mac(const struct network_record *network, const struct endpoint_request *request, char **ret,
		    struct error *err)
{
	bool shared = streq(network->driver, "ipvlan");
	if (shared && request->mac)
		return err_set(
			err, ERR_INVALID,
			"MAC address %s: on the network \"%s\" (ipvlan) containers have that of the parent interface",
			request->mac, network->name);
	*ret = mem_strdup(shared ? "" : request->mac);
	return 0;
}

int reserve_endpoint(struct db *db, const char *id, const struct network_record *network,
		     const struct endpoint_request *request, unsigned number, struct endpoint *ret, struct error *err)
{
	struct endpoint endpoint = {
		.container = mem_strdup(id),
		.network = mem_strdup(network->name),
		.link = mem_printf("veth%08x", (unsigned)random_u64()),
		.interface = interface_name(network, request, number),
		.aliases = strv_copy(request->aliases),
	};
	int r = take_mac(network, request, &endpoint.mac, err);
	if (r >= 0)
		r = take_address(request->address, &endpoint.address, err);
	if (r >= 0)
		r = take_address(request->address6, &endpoint.address6, err);
	if (r >= 0)
		r = address_reserve(db, network, &endpoint, err);
	if (r < 0)
		endpoint_done(&endpoint);
	else
		*ret = endpoint;
	return r;
}

/* --- ports --- */

static bool has_port(const struct port *ports, size_t count, const struct port *port)
{
	for (size_t i = 0; i < count; i++)
		if (ports[i].container_port == port->container_port && ports[i].protocol == port->protocol)
			return true;
	return false;
}

/* Those of --publish; for --publish-all those, too, that the container has besides. */
static int parse_ports(const struct container_config *config, struct port_list *ret, struct error *err)
{
	const struct container_spec *spec = config_spec(config);
	_cleanup_port_list_ struct port_list exposed = { 0 };
	int r = 0;
	for (char **text = spec->ports; r >= 0 && text && *text; text++)
		r = port_parse(*text, ret, err);
	for (char *const *text = config->exposed_ports; r >= 0 && spec->publish_all && text && *text; text++)
		r = port_parse_exposed(*text, &exposed, err);
	size_t asked = ret->count;
	for (size_t i = 0; r >= 0 && i < exposed.count; i++)
		if (!has_port(ret->items, asked, &exposed.items[i]))
			*ARRAY_APPEND(ret->items, ret->count) = exposed.items[i];
	return r;
}

/* What somebody asks for by IPv6 reaches a container without it as well (network-listen.h). */
static bool serves(const struct endpoint *endpoint, const struct cidr *address, const struct port *port)
{
	if (address->family == 0)
		return false;
	bool translated = port->host.family == AF_INET6 && address->family == AF_INET && !endpoint->address6.family;
	return !port->host.family || port->host.family == address->family || translated;
}

static bool is_routed(const struct network_record *network, sa_family_t family)
{
	return network && (family == AF_INET6 ? network->gateway_mode6 : network->gateway_mode) == GATEWAY_ROUTED;
}

static bool is_loopback(const struct cidr *address)
{
	return address->family == AF_INET6 ? memcmp(address->bytes, &in6addr_loopback, cidr_length(address)) == 0
					   : address->family == AF_INET && address->bytes[0] == 127;
}

static bool has_opening(const struct published_list *list, const struct published *wanted)
{
	for (size_t i = 0; i < list->count; i++)
		if (cidr_same_address(&list->items[i].port.host, &wanted->port.host) &&
		    list->items[i].port.host_port == wanted->port.host_port &&
		    list->items[i].port.protocol == wanted->port.protocol)
			return true;
	return false;
}

/*
 * Where the world comes by the container's own address, the port is opened there, and the host's does not matter. What was
 * to be published to this host alone needs no opening.
 */
static bool make_opening(struct published *published, const struct published_list *list)
{
	if (is_loopback(&published->port.host)) {
		log_warn("port %u/%s is not published at the host's loopback address: on a routed network, "
			 "containers are reached by their own",
			 published->port.container_port, port_protocol_name(published->port.protocol));
		return false;
	}
	published->port.host = published->address;
	published->port.host_port = published->port.container_port;
	return !has_opening(list, published);
}

/* One row for each family that the port is to be reached by. */
static int insert_port(struct db *db, const char *id, const struct port *port, const struct network_record *network,
		       const struct endpoint *endpoint, struct published_list *list, struct error *err)
{
	const struct cidr *addresses[] = { &endpoint->address, &endpoint->address6 };
	int r = 0;
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(addresses); i++) {
		struct published published = { .port = *port, .address = *addresses[i] };
		published.address.prefix = cidr_bits(addresses[i]);
		if (!serves(endpoint, addresses[i], port) ||
		    (is_routed(network, addresses[i]->family) && !make_opening(&published, list)))
			continue;
		published.container = mem_strdup(id);
		*ARRAY_APPEND(list->items, list->count) = published;
		r = published_row_insert(db, &published, err);
	}
	return r;
}

/* By a process of the host, or a container of another root. */
static bool is_taken(int r)
{
	return r == -ERR_PORT_HOST || r == -ERR_PORT_ALLOCATED;
}

/* Where the kernel has none left to give, there are those behind them. */
static uint16_t last_given(void)
{
	char range[32];
	const char *last = file_read_line(AT_FDCWD, GIVEN_PORTS, range, sizeof range) > 0 ? strchr(range, '\t') : NULL;
	uint64_t port;
	return last && parse_u64(last + 1, UINT16_MAX, &port, NULL) >= 0 ? (uint16_t)port : 0;
}

/* One that the kernel gives, or the first behind it that no container has: it may not know theirs (SCTP, other roots'). */
static int choose_any_port(struct db *db, const char *table, struct port *port, bool both, struct error *err)
{
	struct error why = { 0 };
	int r = port_reserve(port, both, table, &why);
	if (r == -ERR_PORT_HOST && !port->host_port)
		port->host_port = last_given();
	if (r >= 0)
		r = published_row_any(db, port, &why);
	while ((r > 0 || (is_taken(r) && port->host_port)) && port->host_port < UINT16_MAX) {
		why = (struct error){ 0 };
		port->host_port++;
		r = published_row_any(db, port, &why);
		if (r == 0)
			r = port_reserve(port, both, table, &why);
	}
	if (r > 0)
		return err_set(err, ERR_PORT_ALLOCATED, "no port of this host is free for a container");
	if (r < 0 && err)
		*err = why;
	return r;
}

/* The first of the range that nobody has. */
static int choose_port(struct db *db, const char *table, struct port *port, bool both, struct error *err)
{
	if (!port->first)
		return choose_any_port(db, table, port, both, err);
	for (unsigned number = port->first; number <= port->last; number++) {
		struct error why = { 0 };
		port->host_port = (uint16_t)number;
		int r = published_row_any(db, port, &why);
		if (r == 0)
			r = port_reserve(port, both, table, &why);
		if (r < 0 && !is_taken(r) && err)
			*err = why;
		if (r == 0 || (r < 0 && !is_taken(r)))
			return r;
	}
	return err_set(err, ERR_PORT_ALLOCATED, "no port from %u to %u/%s is free", port->first, port->last,
		       port_protocol_name(port->protocol));
}

/* Whether it is a port of the host in any family. */
static bool is_of_host(const struct port *port, const struct network_record *network, const struct endpoint *endpoint)
{
	return (serves(endpoint, &endpoint->address, port) && !is_routed(network, AF_INET)) ||
	       (serves(endpoint, &endpoint->address6, port) && !is_routed(network, AF_INET6));
}

struct reservation {
	struct db *db;
	const char *table, *id;
	const struct network_record *network;
	const struct endpoint *endpoint;
	struct published_list *list;
};

static int reserve_port(const struct reservation *to, struct port *port, struct error *err)
{
	const struct endpoint *endpoint = to->endpoint;
	bool host_named = port->host_port != 0, of_host = is_of_host(port, to->network, endpoint);
	bool both = endpoint->address.family && endpoint->address6.family && !is_routed(to->network, AF_INET6);
	int r = host_named || !of_host ? 0 : choose_port(to->db, to->table, port, both, err);
	if (r >= 0)
		r = insert_port(to->db, to->id, port, to->network, endpoint, to->list, err);
	/* Only now, for a container that has it is the better reason. */
	return r >= 0 && host_named && of_host ? port_reserve(port, both, to->table, err) : r;
}

int reserve_ports(struct db *db, const char *table, const char *id, const struct container_config *config,
		  const struct network_record *network, const struct endpoint *endpoint, struct published_list *ret,
		  struct error *err)
{
	const struct reservation to = { db, table, id, network, endpoint, ret };
	_cleanup_port_list_ struct port_list list = { 0 };
	int r = parse_ports(config, &list, err);
	for (size_t i = 0; network && i < list.count; i++)
		if (!list.items[i].host.family)
			list.items[i].host = network->binding;
	for (size_t i = 0; r >= 0 && i < list.count; i++)
		r = reserve_port(&to, &list.items[i], err);
	return r;
}

/* Of one port that was published by two addresses there are two, one behind the other. */
static bool is_repeated(const struct published_list *list, size_t i)
{
	const struct port *port = &list->items[i].port, *last = i > 0 ? &list->items[i - 1].port : NULL;
	return last && last->host_port == port->host_port && last->container_port == port->container_port &&
	       last->protocol == port->protocol && cidr_same_address(&last->host, &port->host);
}

int reserve_ports_again(struct db *db, const char *id, const struct published_list *before,
			const struct endpoint *endpoint, struct published_list *ret, struct error *err)
{
	int r = published_rows_delete(db, id, err);
	for (size_t i = 0; r >= 0 && i < before->count; i++)
		if (!is_repeated(before, i))
			r = insert_port(db, id, &before->items[i].port, NULL, endpoint, ret, err);
	return r;
}
