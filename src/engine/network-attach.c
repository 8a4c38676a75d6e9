/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-attach.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/network-dns.h"
#include "engine/network-filter.h"
#include "engine/network-subnet.h"
#include "engine/record.h"
#include "network/link.h"
#include "base/netlink.h"
#include "network/netns.h"

/* What is known on the way. */
struct attach {
	struct engine *engine;
	struct db *db;
	const char *id, *name;
	const struct container_spec *spec;
	char *const *exposed;
	struct network_record **networks; /* one for each endpoint */
	struct endpoint_list endpoints;
	struct published_list ports;
};

static void attach_done(struct attach *attach)
{
	for (size_t i = 0; attach->networks && i < attach->spec->n_endpoints; i++)
		network_record_free(attach->networks[i]);
	free(attach->networks);
	endpoint_list_done(&attach->endpoints);
	published_list_done(&attach->ports);
}

/* --- rows --- */

static int find_networks(struct attach *attach, struct error *err)
{
	const struct container_spec *spec = attach->spec;
	attach->networks = mem_alloc((spec->n_endpoints + 1) * sizeof *attach->networks);
	int r = 0;
	for (size_t i = 0; r >= 0 && i < spec->n_endpoints; i++)
		r = engine_network_find(attach->engine, spec->endpoints[i].network, &attach->networks[i], err);
	return r;
}

static int take_address(const char *text, struct cidr *ret, struct error *err)
{
	return text ? cidr_parse_address(text, ret, err) : 0;
}

static int reserve_endpoint(struct attach *attach, size_t i, struct error *err)
{
	const struct endpoint_request *request = &attach->spec->endpoints[i];
	struct endpoint *endpoint = ARRAY_APPEND(attach->endpoints.items, attach->endpoints.count);
	*endpoint = (struct endpoint){
		.container = mem_strdup(attach->id),
		.network = mem_strdup(attach->networks[i]->name),
		.link = mem_printf("veth%08x", (unsigned)random_u64()),
		.interface = mem_printf("eth%zu", i),
		.mac = mem_strdup(request->mac),
		.aliases = strv_copy(request->aliases),
	};
	int r = take_address(request->address, &endpoint->address, err);
	if (r >= 0)
		r = take_address(request->address6, &endpoint->address6, err);
	return r < 0 ? r : address_reserve(attach->db, attach->networks[i], endpoint, err);
}

static int parse_ports(const struct attach *attach, struct port_list *ret, struct error *err)
{
	const struct container_spec *spec = attach->spec;
	int r = 0;
	for (char **text = spec->ports; r >= 0 && text && *text; text++)
		r = port_parse(*text, ret, err);
	for (char *const *text = attach->exposed; r >= 0 && spec->publish_all && text && *text; text++)
		r = port_parse_exposed(*text, ret, err);
	return r;
}

/* One row for each family that the port is to be reached by. */
static int reserve_port(struct attach *attach, struct port *port, struct error *err)
{
	const struct endpoint *first = &attach->endpoints.items[0];
	const struct cidr *addresses[] = { &first->address, &first->address6 };
	bool host_named = port->host_port != 0;
	int r = host_named ? 0 : port_reserve(port, err);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(addresses); i++) {
		const struct cidr *address = addresses[i];
		if (address->family == 0 || (port->host.family && port->host.family != address->family))
			continue;
		struct published *published = ARRAY_APPEND(attach->ports.items, attach->ports.count);
		*published =
			(struct published){ .container = mem_strdup(attach->id), .port = *port, .address = *address };
		published->address.prefix = cidr_bits(address);
		r = published_row_insert(attach->db, published, err);
	}
	/* Only now, for a container that has it is the better reason. */
	return r >= 0 && host_named ? port_reserve(port, err) : r;
}

static int reserve_ports(struct attach *attach, struct error *err)
{
	_cleanup_port_list_ struct port_list list = { 0 };
	int r = parse_ports(attach, &list, err);
	for (size_t i = 0; r >= 0 && i < list.count; i++)
		r = reserve_port(attach, &list.items[i], err);
	return r;
}

static int reserve(struct attach *attach, struct error *err)
{
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	int r = db_begin(attach->db, &transaction, err);
	for (size_t i = 0; r >= 0 && i < attach->spec->n_endpoints; i++)
		r = reserve_endpoint(attach, i, err);
	if (r >= 0)
		r = reserve_ports(attach, err);
	return r < 0 ? r : db_commit(&transaction, err);
}

/* --- the kernel --- */

static int write_setting(const char *value, struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int write_setting(const char *value, struct error *err, const char *fmt, ...)
{
	struct str path = { 0 };
	char now[16];
	va_list args;
	va_start(args, fmt);
	str_vappendf(&path, fmt, args);
	va_end(args);
	_cleanup_free_ char *text = str_take(&path);
	if (file_read_line(AT_FDCWD, text, now, sizeof now) > 0 && streq(now, value))
		return 0;
	int r = file_write_line(AT_FDCWD, text, value);
	return r < 0 ? err_sys(err, -r, "write %s to '%s'", value, text) : 0;
}

/* The host has to send on what is not for itself; and what it sends from 127.0.0.1 to a published port has to get through. */
static int allow_forwarding(const struct network_record *network, struct error *err)
{
	int r = write_setting("1", err, "/proc/sys/net/ipv4/ip_forward");
	if (r >= 0)
		r = write_setting("1", err, "/proc/sys/net/ipv4/conf/%s/route_localnet", network->bridge);
	if (r >= 0 && network->subnet6.family)
		r = write_setting("1", err, "/proc/sys/net/ipv6/conf/all/forwarding");
	return r;
}

static int bring_up(int rtnl, const struct network_record *network, struct error *err)
{
	_cleanup_free_ char *alias = mem_printf("network %s", network->name);
	const struct bridge bridge = {
		.name = network->bridge,
		.alias = alias,
		.gateway = network->gateway,
		.gateway6 = network->gateway6,
		.mtu = network->mtu,
	};
	int r = link_find(rtnl, network->bridge, NULL);
	if (r == -ERR_NOT_FOUND)
		r = bridge_make(rtnl, &bridge, err);
	if (r < 0)
		return err_wrap(err, "bring up the network \"%s\"", network->name);
	return network->internal ? 0 : allow_forwarding(network, err);
}

static void parse_mac(const char *text, uint8_t mac[MAC_LENGTH])
{
	char *at = (char *)text;
	for (int i = 0; i < MAC_LENGTH; i++) {
		mac[i] = (uint8_t)strtoul(at, &at, 16);
		at += *at == ':';
	}
}

static int plug(struct attach *attach, int rtnl, const struct netns *netns, size_t i, struct error *err)
{
	const struct network_record *network = attach->networks[i];
	const struct endpoint *endpoint = &attach->endpoints.items[i];
	bool leads_out = i == 0 && !network->internal;
	struct veth veth = {
		.name = endpoint->link,
		.alias = attach->name,
		.bridge = network->bridge,
		.inside = endpoint->interface,
		.netns = netns->fd,
		.mtu = network->mtu,
	};
	struct link_setup setup = {
		.name = endpoint->interface,
		.address = endpoint->address,
		.address6 = endpoint->address6,
	};
	parse_mac(endpoint->mac, veth.mac);
	if (leads_out) {
		setup.gateway = network->gateway;
		setup.gateway6 = network->gateway6;
	}
	int r = bring_up(rtnl, network, err);
	if (r >= 0)
		r = veth_make(rtnl, &veth, err);
	return r < 0 ? r : link_configure(netns->rtnl, &setup, err);
}

static int build(struct attach *attach, int *ret_netns, struct error *err)
{
	_cleanup_netns_ struct netns netns = NETNS_NONE;
	_cleanup_close_ int rtnl = netlink_open(NETLINK_ROUTE, err);
	bool ipv6 = false;
	for (size_t i = 0; i < attach->endpoints.count; i++)
		ipv6 |= attach->endpoints.items[i].address6.family != 0;
	int r = rtnl < 0 ? rtnl : netns_make(ipv6, &netns, err);
	for (size_t i = 0; r >= 0 && i < attach->endpoints.count; i++)
		r = plug(attach, rtnl, &netns, i, err);
	for (size_t i = 0; r >= 0 && i < attach->endpoints.count; i++)
		r = filter_add(attach->engine, attach->networks[i], i == 0 ? &attach->ports : NULL, err);
	if (r >= 0)
		*ret_netns = TAKE_FD(netns.fd);
	return r;
}

static int attach_networks(struct attach *attach, int *ret_netns, struct endpoint_list *ret_endpoints,
			   struct error *err)
{
	int r = engine_db(attach->engine, &attach->db, err);
	if (r >= 0)
		r = find_networks(attach, err);
	if (r >= 0)
		r = reserve(attach, err);
	if (r < 0)
		return r;
	r = build(attach, ret_netns, err);
	if (r < 0) {
		struct error failure = { 0 };
		if (network_detach(attach->engine, attach->id, &failure) < 0)
			log_failure(LOG_LEVEL_WARN, "take a container from its networks", &failure);
		return r;
	}
	*ret_endpoints = attach->endpoints;
	attach->endpoints = (struct endpoint_list){ 0 };
	return 0;
}

/* --- namespaces of others --- */

static int open_namespace(const char *path, const char *what, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys_code(err, ERR_NET, errno, "join %s", what) : fd;
}

static int join_container(struct engine *engine, const char *name, int *ret_netns, struct error *err)
{
	_cleanup_record_ struct container_record *record = NULL;
	int r = engine_container_find(engine, name, &record, err);
	if (r < 0)
		return err_wrap(err, "join the network of container \"%s\"", name);
	if (record->pid == 0) {
		err_set(err, ERR_NET, "cannot join network namespace of a non running container: container %s is %s",
			record->name, container_state_name(record->state));
		return err_hint(err, "coffer start %s", record->name);
	}
	_cleanup_free_ char *path = mem_printf("/proc/%d/ns/net", (int)record->pid);
	int fd = open_namespace(path, record->name, err);
	if (fd >= 0)
		*ret_netns = fd;
	return fd;
}

/* --- */

int network_attach(struct engine *engine, const struct launch *launch, const struct container_config *config,
		   int *ret_netns, struct endpoint_list *ret_endpoints, struct error *err)
{
	const struct container_spec *spec = config_spec(config);
	struct attach attach = {
		.engine = engine,
		.id = launch->id,
		.name = launch->name,
		.spec = spec,
		.exposed = config->exposed_ports,
	};
	int r = 0;
	switch (spec->network) {
	case NETWORK_BRIDGE:
		r = attach_networks(&attach, ret_netns, ret_endpoints, err);
		attach_done(&attach);
		break;
	case NETWORK_CONTAINER:
		r = join_container(engine, spec->network_target, ret_netns, err);
		break;
	case NETWORK_PATH:
		r = open_namespace(spec->network_target, spec->network_target, err);
		if (r >= 0)
			*ret_netns = r;
		break;
	case NETWORK_NONE:
	case NETWORK_HOST:
		break;
	}
	if (r < 0)
		(void)err_stage(err, STAGE_NETWORK);
	return r < 0 ? r : 0;
}

int network_detach(struct engine *engine, const char *id, struct error *err)
{
	_cleanup_endpoint_list_ struct endpoint_list endpoints = { 0 };
	_cleanup_published_list_ struct published_list ports = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = endpoint_row_list(db, id, NULL, &endpoints, err);
	if (r < 0 || endpoints.count == 0)
		return r;
	r = published_row_list(db, id, &ports, err);
	if (r >= 0 && ports.count > 0)
		r = filter_remove(engine, NULL, &ports, err);
	/* The links went with the namespace, or go in a moment: nobody waits for the kernel. */
	return r < 0 ? r : network_names_remove(engine, id, &endpoints, err);
}

int network_take_down(struct engine *engine, const struct network_record *record, struct error *err)
{
	int r = network_names_stop(engine, record, err);
	if (r >= 0)
		r = filter_remove(engine, record, NULL, err);
	if (r < 0)
		return r;
	_cleanup_close_ int rtnl = netlink_open(NETLINK_ROUTE, err);
	return rtnl < 0 ? rtnl : link_remove(rtnl, record->bridge, err);
}
