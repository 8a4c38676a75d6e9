/* SPDX-License-Identifier: Apache-2.0 */
/* Source: rtnetlink(7); drivers/net/veth.c: IFLA_LINK is the peer's index, in its own namespace. */
#include "engine/network-veth.h"

#include <linux/netlink.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/netlink.h"
#include "base/util.h"
#include "engine/network-driver.h"
#include "engine/network-own.h"
#include "engine/record.h"
#include "network/link.h"

void veth_records_done(struct veth_records *records)
{
	for (size_t i = 0; i < records->count; i++) {
		struct veth_record *record = &records->items[i];
		free(record->link);
		free(record->id);
		free(record->container);
		free(record->network);
		free(record->bridge);
		free(record->interface);
		free(record->mac);
	}
	free(records->items);
	*records = (struct veth_records){ 0 };
}

/* --- listing --- */

struct listing {
	struct engine *engine;
	struct db *db;
	int rtnl;
	struct veth_records *records;
};

static int add(const struct listing *listing, const struct network_record *network, const struct endpoint *endpoint,
	       struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	struct link link = { 0 };
	int r = container_row_load(listing->db, endpoint->container, &row, err);
	if (r <= 0)
		return r;
	(void)link_look(listing->rtnl, endpoint->link, &link, NULL);
	*ARRAY_APPEND(listing->records->items, listing->records->count) = (struct veth_record){
		.link = mem_strdup(endpoint->link),
		.index = link.index,
		.peer = link.peer,
		.id = mem_strdup(endpoint->container),
		.container = mem_strdup(row.name),
		.network = mem_strdup(network->name),
		.bridge = mem_strdup(network->bridge),
		.interface = mem_strdup(endpoint->interface),
		.mac = mem_strdup(endpoint->mac),
		.address = endpoint->address,
		.address6 = endpoint->address6,
	};
	return 0;
}

static int add_network(const struct listing *listing, const struct network_record *network, struct error *err)
{
	_cleanup_endpoint_list_ struct endpoint_list endpoints = { 0 };
	int r = network_is_bridge(network) ? endpoint_row_list(listing->db, NULL, network->name, &endpoints, err) : 0;
	for (size_t i = 0; r >= 0 && i < endpoints.count; i++)
		r = add(listing, network, &endpoints.items[i], err);
	return r;
}

static int list(void *argument, struct error *err)
{
	struct listing *listing = argument;
	struct network_record **networks;
	size_t count;
	_cleanup_close_ int rtnl = netlink_open(NETLINK_ROUTE, err);
	int r = rtnl < 0 ? rtnl : network_row_list(listing->db, &networks, &count, err);
	if (r < 0)
		return r;
	listing->rtnl = rtnl;
	for (size_t i = 0; i < count; i++) {
		if (r >= 0)
			r = add_network(listing, networks[i], err);
		network_record_free(networks[i]);
	}
	free(networks);
	return r;
}

/* Without a container on a network there may be no place where bridges are. */
int engine_network_veths(struct engine *engine, struct veth_records *ret, struct error *err)
{
	_cleanup_veth_records_ struct veth_records records = { 0 };
	struct listing listing = { .engine = engine, .records = &records };
	int r = engine_db(engine, &listing.db, err);
	if (r >= 0)
		r = endpoint_row_any(listing.db, err);
	if (r > 0)
		r = network_own_work(engine, false, list, &listing, err);
	if (r < 0)
		return r;
	*ret = records;
	records = (struct veth_records){ 0 };
	return 0;
}

/* --- names --- */

struct naming {
	const struct endpoint_list *endpoints;
	const char *name;
};

static int set_names(void *argument, struct error *err)
{
	const struct naming *naming = argument;
	_cleanup_close_ int rtnl = netlink_open(NETLINK_ROUTE, err);
	int r = rtnl;
	for (size_t i = 0; r >= 0 && i < naming->endpoints->count; i++) {
		const char *link = naming->endpoints->items[i].link;
		if (link_find(rtnl, link, NULL) >= 0) /* on a parent interface there is none */
			r = link_set_alias(rtnl, link, naming->name, err);
	}
	return r;
}

void network_veth_name(struct engine *engine, const struct endpoint_list *endpoints, const char *name)
{
	struct naming naming = { endpoints, name };
	struct error why = { 0 };
	if (endpoints->count > 0 && network_own_work(engine, false, set_names, &naming, &why) < 0)
		log_failure(LOG_LEVEL_WARN, "have a container's links show its name", &why);
}
