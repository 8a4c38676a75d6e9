/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/netlink.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/host-setting.h"
#include "engine/network-attach.h"
#include "engine/network-cni.h"
#include "engine/network-dns.h"
#include "engine/network-driver.h"
#include "engine/network-filter.h"
#include "engine/network-plug.h"
#include "engine/network-own.h"
#include "engine/network-parent.h"
#include "engine/network-relay.h"
#include "network/link.h"

/* --- the host's settings --- */

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
static int allow_forwarding(struct engine *engine, const struct network_record *network, struct error *err)
{
	int r = host_setting_write(engine, "/proc/sys/net/ipv4/ip_forward", "1", err);
	if (r >= 0)
		r = write_setting("1", err, "/proc/sys/net/ipv4/conf/%s/route_localnet", network->bridge);
	if (r >= 0 && network->subnet6.family)
		r = host_setting_write(engine, "/proc/sys/net/ipv6/conf/all/forwarding", "1", err);
	return r;
}

/*
 * A container can say that it is a router, and the host must not believe it: it would send its own IPv6 packets there
 * (CVE-2020-13401).
 */
static int distrust_routers(const struct network_record *network, struct error *err)
{
	if (access("/proc/sys/net/ipv6/conf", F_OK) < 0)
		return 0; /* no IPv6 here */
	return write_setting("0", err, "/proc/sys/net/ipv6/conf/%s/accept_ra", network->bridge);
}

/* --- bringing it up --- */

static int make(int rtnl, const struct network_record *network, struct error *err)
{
	_cleanup_free_ char *alias = mem_printf("network %s", network->name);
	const struct bridge bridge = {
		.name = network->bridge,
		.alias = alias,
		.gateway = network->gateway,
		.gateway6 = network->gateway6,
		.mtu = network->mtu,
	};
	return bridge_make(rtnl, &bridge, err);
}

static int plug_in_again(int rtnl, const struct network_record *network, const struct endpoint_list *endpoints,
			 struct error *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < endpoints->count; i++) {
		r = link_plug(rtnl, endpoints->items[i].link, network->bridge, network->apart, err);
		if (r >= 0)
			r = network_pin(rtnl, network, &endpoints->items[i], err);
	}
	return r;
}

/* Those that run were plugged into it before somebody removed it. */
static int make_again(struct db *db, int rtnl, const struct network_record *network, struct error *err)
{
	_cleanup_endpoint_list_ struct endpoint_list endpoints = { 0 };
	int r = make(rtnl, network, err);
	if (r >= 0)
		r = distrust_routers(network, err);
	if (r >= 0)
		r = endpoint_row_list(db, NULL, network->name, &endpoints, err);
	return r < 0 ? r : plug_in_again(rtnl, network, &endpoints, err);
}

int network_bring_up(struct engine *engine, struct db *db, int rtnl, const struct network_record *network,
		     struct error *err)
{
	struct link link;
	bool bridge = network_is_bridge(network);
	int r = bridge ? link_look(rtnl, network->bridge, &link, NULL) : network_parent_bring_up(rtnl, network, err);
	if (bridge && (r < 0 || !link.is_up))
		r = make_again(db, rtnl, network, err);
	if (r < 0)
		return err_wrap(err, "bring up the network \"%s\"", network->name);
	return network->internal || !bridge ? 0 : allow_forwarding(engine, network, err);
}

/* --- repairing all --- */

static int repair_bridge(struct engine *engine, struct db *db, int rtnl, const struct network_record *network,
			 const struct endpoint_list *endpoints, struct error *err)
{
	int r = network_bring_up(engine, db, rtnl, network, err);
	int bridge = r < 0 ? r : link_find(rtnl, network->bridge, err);
	int ports = bridge < 0 ? bridge : bridge_count_ports(rtnl, bridge, err);
	if (ports < 0 || (size_t)ports >= endpoints->count)
		return MIN(ports, 0);
	return plug_in_again(rtnl, network, endpoints, err);
}

/* Links that stood on a parent went with it: nothing of theirs can be mended from here. */
static int repair(struct engine *engine, struct db *db, int rtnl, const struct network_record *network,
		  struct error *err)
{
	_cleanup_endpoint_list_ struct endpoint_list endpoints = { 0 };
	int r = endpoint_row_list(db, NULL, network->name, &endpoints, err);
	if (r < 0 || endpoints.count == 0)
		return r;
	if (network_is_bridge(network))
		r = repair_bridge(engine, db, rtnl, network, &endpoints, err);
	if (r < 0)
		return r;
	network_names_repair(engine, network->name);
	return 0;
}

/* What a command that was killed has left of containers that do not run (N3). */
static int sweep(struct engine *engine, struct db *db, struct error *err)
{
	_cleanup_strv_ char **ids = NULL;
	int r = endpoint_row_abandoned(db, &ids, err);
	for (char **id = ids; r >= 0 && id && *id; id++)
		r = network_detach(engine, *id, err);
	return r;
}

static int repair_all(void *argument, struct error *err)
{
	struct engine *engine = argument;
	struct network_record **networks;
	struct db *db;
	size_t count;
	_cleanup_close_ int rtnl = netlink_open(NETLINK_ROUTE, err);
	int r = rtnl < 0 ? rtnl : engine_db(engine, &db, err);
	if (r >= 0)
		r = network_row_list(db, &networks, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		if (r >= 0)
			r = repair(engine, db, rtnl, networks[i], err);
		network_record_free(networks[i]);
	}
	free(networks);
	if (r >= 0)
		r = relay_repair(engine, err);
	return r < 0 ? r : filter_repair_all(engine, err);
}

int network_repair(struct engine *engine, struct error *err)
{
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = network_cni_repair(engine, err);
	if (r >= 0)
		r = sweep(engine, db, err);
	if (r >= 0)
		r = endpoint_row_any(db, err);
	return r <= 0 ? r : network_own_work(engine, true, repair_all, engine, err);
}
