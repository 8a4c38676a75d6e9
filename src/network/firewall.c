/* SPDX-License-Identifier: Apache-2.0 */
#include "network/firewall.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"

/* --- keys and data --- */

static void add_name(struct firewall_bytes *bytes, const char *interface)
{
	char name[IFNAMSIZ] = { 0 };
	str_copy(name, sizeof name, interface);
	firewall_add_part(bytes, name, sizeof name);
}

static void add_port(struct firewall_bytes *bytes, uint16_t port)
{
	uint16_t value = htons(port);
	firewall_add_part(bytes, &value, sizeof value);
}

static void put_one(struct firewall_change *change, const char *set, const struct firewall_bytes *key,
		    const struct firewall_bytes *data)
{
	firewall_put(change, NFPROTO_INET, set, key, data, 0);
}

static void put_guard(struct firewall_change *change, const char *set, const struct firewall_bytes *key)
{
	if (!change->unguarded)
		firewall_put(change, NFPROTO_BRIDGE, set, key, NULL, 0);
}

void firewall_put_address(struct firewall_change *change, const char *set, const struct cidr *address)
{
	struct firewall_bytes key = { 0 };
	firewall_add_part(&key, address->bytes, cidr_length(address));
	put_one(change, set, &key, NULL);
}

void firewall_put_service(struct firewall_change *change, const char *set, uint8_t protocol, uint16_t port)
{
	struct firewall_bytes key = { 0 };
	firewall_add_part(&key, &protocol, sizeof protocol);
	add_port(&key, port);
	put_one(change, set, &key, NULL);
}

/* --- networks --- */

/* A range is its first address, and the one behind its last as the element that ends it. */
static void put_subnet(struct firewall_change *change, const char *set, const struct cidr *subnet)
{
	struct firewall_bytes first = { 0 }, end = { 0 };
	struct cidr network = cidr_network(subnet), behind = cidr_last(subnet);
	bool bounded = cidr_advance(&behind, 1);
	firewall_add_part(&first, network.bytes, cidr_length(&network));
	firewall_add_part(&end, behind.bytes, cidr_length(&behind));
	put_one(change, set, &first, NULL);
	if (bounded)
		firewall_put(change, NFPROTO_INET, set, &end, NULL, NFT_SET_ELEM_INTERVAL_END);
}

/* The network's subnet of a family, if it has one that is @wanted there. */
static void put_subnets(struct firewall_change *change, const char *set4, bool wanted4, const char *set6, bool wanted6,
			const struct firewall_network *network)
{
	if (network->subnet.family && wanted4)
		put_subnet(change, set4, &network->subnet);
	if (network->subnet6.family && wanted6)
		put_subnet(change, set6, &network->subnet6);
}

/* Nobody but the host has it. */
static void put_owned(struct firewall_change *change, const struct cidr *address)
{
	struct firewall_bytes key = { 0 };
	firewall_add_part(&key, address->bytes, cidr_length(address));
	if (address->family)
		put_guard(change, address->family == AF_INET6 ? "owned6" : "owned4", &key);
}

void firewall_put_network(struct firewall_change *change, const struct firewall_network *network)
{
	struct firewall_bytes name = { 0 }, pair = { 0 };
	add_name(&name, network->bridge);
	add_name(&pair, network->bridge);
	add_name(&pair, network->bridge);
	put_one(change, "bridges", &name, NULL);
	if (!network->apart)
		put_one(change, "same", &pair, NULL);
	if (network->internal)
		put_one(change, "internal", &name, NULL);
	put_subnets(change, "subnets4", true, "subnets6", true, network);
	put_subnets(change, "masquerade4", !network->internal && !network->unmasked, "masquerade6",
		    !network->internal && !network->unmasked6, network);
	put_subnets(change, "pinged4", network->pinged, "pinged6", network->pinged6, network);
	put_subnets(change, "unprotected4", network->unprotected, "unprotected6", network->unprotected6, network);
	put_owned(change, &network->gateway);
	put_owned(change, &network->gateway6);
}

/* --- places --- */

static void put_address(struct firewall_change *change, const char *link, const struct cidr *address)
{
	struct firewall_bytes key = { 0 };
	if (!address->family)
		return;
	add_name(&key, link);
	firewall_add_part(&key, address->bytes, cidr_length(address));
	put_guard(change, address->family == AF_INET6 ? "places6" : "places4", &key);
	put_owned(change, address);
}

static void put_link(struct firewall_change *change, const char *set, const char *link)
{
	struct firewall_bytes name = { 0 };
	add_name(&name, link);
	put_guard(change, set, &name);
}

void firewall_put_place(struct firewall_change *change, const struct firewall_place *place)
{
	if (place->guarded)
		put_link(change, "guarded", place->link);
	if (place->strict)
		put_link(change, "strict", place->link);
	put_address(change, place->link, &place->address);
	put_address(change, place->link, &place->address6);
}

void firewall_put_strict(struct firewall_change *change, char *const *links)
{
	if (!change->unguarded)
		firewall_begin_set(change, NFPROTO_BRIDGE, "strict", true);
	for (; links && *links; links++)
		put_link(change, "strict", *links);
}

/* --- ports --- */

void firewall_put_port(struct firewall_change *change, const struct firewall_port *port)
{
	static const char *const sets[2][2] = { { "publish4_on", "publish4" }, { "publish6_on", "publish6" } };
	bool any = cidr_is_any(&port->host), v6 = port->container.family == AF_INET6;
	struct firewall_bytes key = { 0 }, data = { 0 };
	if (!any)
		firewall_add_part(&key, port->host.bytes, cidr_length(&port->host));
	firewall_add_part(&key, &port->protocol, sizeof port->protocol);
	add_port(&key, port->host_port);
	firewall_add_part(&data, port->container.bytes, cidr_length(&port->container));
	add_port(&data, port->container_port);
	put_one(change, sets[v6][any], &key, change->remove ? NULL : &data);
}

void firewall_put_opening(struct firewall_change *change, const struct cidr *address, uint8_t protocol, uint16_t port)
{
	struct firewall_bytes key = { 0 };
	firewall_add_part(&key, address->bytes, cidr_length(address));
	firewall_add_part(&key, &protocol, sizeof protocol);
	add_port(&key, port);
	put_one(change, address->family == AF_INET6 ? "opened6" : "opened4", &key, NULL);
}

/* --- looking --- */

static int count_rule(const struct nlmsghdr *message, void *context)
{
	*(size_t *)context += message->nlmsg_type == firewall_message(NFT_MSG_NEWRULE);
	return 0;
}

bool firewall_is_unguarded(const char *table)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	const struct nfgenmsg head = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };
	size_t count = 0;
	_cleanup_close_ int sock = netlink_open(NETLINK_NETFILTER, NULL);
	netlink_begin(&batch, firewall_message(NFT_MSG_GETSET), 0, &head, sizeof head, "find a mark");
	netlink_put_string(&batch, NFTA_SET_TABLE, table);
	netlink_put_string(&batch, NFTA_SET_NAME, "unguarded");
	return sock >= 0 && netlink_query(sock, &batch, count_rule, &count, NULL) >= 0;
}

int firewall_count_rules(uint8_t family, const char *table, size_t *ret, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	const struct nfgenmsg head = { .nfgen_family = family, .version = NFNETLINK_V0 };
	_cleanup_close_ int sock = netlink_open(NETLINK_NETFILTER, err);
	size_t count = 0;
	if (sock < 0)
		return sock;
	netlink_begin(&batch, firewall_message(NFT_MSG_GETRULE), NLM_F_DUMP, &head, sizeof head,
		      "read the rules of the table \"%s\"", table);
	netlink_put_string(&batch, NFTA_RULE_TABLE, table);
	int r = netlink_query(sock, &batch, count_rule, &count, err);
	if (r >= 0)
		*ret = count;
	return r;
}

int firewall_is_whole(const char *table, struct error *err)
{
	size_t rules = 0, guards = 0;
	int r = firewall_count_rules(NFPROTO_INET, table, &rules, err);
	if (r >= 0)
		r = firewall_count_rules(NFPROTO_BRIDGE, table, &guards, err);
	if (r < 0)
		return r;
	return rules == firewall_rule_count() &&
	       (guards == firewall_guard_rule_count() || (guards == 0 && firewall_is_unguarded(table)));
}
