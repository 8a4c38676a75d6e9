/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-filter.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/str.h"
#include "engine/network-driver.h"
#include "network/conntrack.h"
#include "network/firewall.h"

/* Each root has a table of its own, so that none takes away what is another's. FNV-1a, so that it has the same each time. */
const char *filter_table_name(const struct engine *engine, char buf[FIREWALL_TABLE_MAX])
{
	uint32_t hash = 2166136261u;
	for (const char *c = engine->root; *c; c++)
		hash = (hash ^ (uint8_t)*c) * 16777619u;
	if (streq(engine->root, DEFAULT_ROOT))
		str_copy(buf, FIREWALL_TABLE_MAX, "coffer");
	else
		snprintf(buf, FIREWALL_TABLE_MAX, "coffer-%08x", hash);
	return buf;
}

/* What stands on a parent of its own is not seen by the packet filter. */
static void put_network(struct firewall_change *change, const struct network_record *record)
{
	if (!network_is_bridge(record))
		return;
	const struct firewall_network network = {
		.bridge = record->bridge,
		.subnet = record->subnet,
		.subnet6 = record->subnet6,
		.internal = record->internal,
		.routed = record->routed,
		.apart = record->apart,
	};
	firewall_put_network(change, &network);
}

static void put_ports(struct firewall_change *change, const struct published_list *ports)
{
	for (size_t i = 0; ports && i < ports->count; i++) {
		const struct published *published = &ports->items[i];
		const struct firewall_port port = {
			.host = published->port.host,
			.protocol = published->port.protocol,
			.host_port = published->port.host_port,
			.container = published->address,
			.container_port = published->port.container_port,
		};
		firewall_put_port(change, &port);
	}
}

/*
 * What was sent before goes on to where it went: to the host, before a port was published; to a container that is gone,
 * after. Nothing but time is lost when this fails.
 */
static void forget_flows(const struct published_list *ports)
{
	for (size_t i = 0; ports && i < ports->count; i++) {
		const struct port *port = &ports->items[i].port;
		struct error why = { 0 };
		if (port->protocol == IPPROTO_UDP && conntrack_forget(port->protocol, &port->host, port->host_port,
								      ports->items[i].address.family, &why) < 0)
			log_failure(LOG_LEVEL_DEBUG, "forget the flows of a published port", &why);
	}
}

/* Everything that the rows say, into an empty table (N2). */
static int fill_table(struct engine *engine, const char *table, struct error *err)
{
	_cleanup_firewall_change_ struct firewall_change change = { .sock = -1 };
	_cleanup_published_list_ struct published_list ports = { 0 };
	struct network_record **records;
	size_t count;
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = network_row_list(db, &records, &count, err);
	if (r < 0)
		return r;
	firewall_change_begin(&change, table, false);
	for (size_t i = 0; i < count; i++) {
		put_network(&change, records[i]);
		network_record_free(records[i]);
	}
	free(records);
	r = published_row_list(db, NULL, &ports, err);
	if (r < 0)
		return r;
	put_ports(&change, &ports);
	return firewall_apply(&change, err);
}

static int make_anew(struct engine *engine, const char *table, const char *why, struct error *err)
{
	log_debug("make the packet filter's table \"%s\" anew: %s", table, why);
	int r = firewall_make_table(table, err);
	return r < 0 ? r : fill_table(engine, table, err);
}

int filter_repair(struct engine *engine, struct error *err)
{
	char table[FIREWALL_TABLE_MAX];
	int r = firewall_is_whole(filter_table_name(engine, table), err);
	return r == 0 ? make_anew(engine, table, "it has not all of its rules", err) : r < 0 ? r : 0;
}

int filter_add(struct engine *engine, const struct network_record *network, const struct published_list *ports,
	       struct error *err)
{
	_cleanup_firewall_change_ struct firewall_change change = { .sock = -1 };
	char table[FIREWALL_TABLE_MAX];
	struct error why = { 0 };
	firewall_change_begin(&change, filter_table_name(engine, table), false);
	put_network(&change, network);
	put_ports(&change, ports);
	int r = firewall_apply(&change, &why);
	/* Nobody has made the table yet, or somebody has flushed it, or left elements of a container that is gone. */
	if (r == -ERR_NOT_FOUND || r == -ERR_EXISTS || r == -ERR_BUSY)
		r = make_anew(engine, table, why.message, err);
	else if (r < 0 && err)
		*err = why;
	if (r >= 0)
		forget_flows(ports);
	return r;
}

/* One by one, if all at once does not do because one of them is gone already. */
static int remove_ports_singly(const char *table, const struct published_list *ports, struct error *err)
{
	int r = 0;
	for (size_t i = 0; i < ports->count; i++) {
		_cleanup_firewall_change_ struct firewall_change change = { .sock = -1 };
		const struct published_list one = { &ports->items[i], 1 };
		struct error why = { 0 };
		firewall_change_begin(&change, table, true);
		put_ports(&change, &one);
		int removed = firewall_apply(&change, &why);
		if (removed < 0 && removed != -ERR_NOT_FOUND && r >= 0) {
			r = removed;
			if (err)
				*err = why;
		}
	}
	return r;
}

int filter_remove(struct engine *engine, const struct network_record *network, const struct published_list *ports,
		  struct error *err)
{
	_cleanup_firewall_change_ struct firewall_change change = { .sock = -1 };
	char table[FIREWALL_TABLE_MAX];
	struct error why = { 0 };
	firewall_change_begin(&change, filter_table_name(engine, table), true);
	if (network)
		put_network(&change, network);
	put_ports(&change, ports);
	int r = firewall_apply(&change, &why);
	child_close(engine, TAKE_FD(change.sock));
	forget_flows(ports);
	if (r == -ERR_NOT_FOUND)
		return ports ? remove_ports_singly(table, ports, err) : 0;
	if (r < 0 && err)
		*err = why;
	return r;
}
