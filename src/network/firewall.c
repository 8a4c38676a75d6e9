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

enum { REGISTER = 4 }; /* bytes that each part of a concatenation is padded to: a register of the kernel's */

/* --- keys and data --- */

struct bytes {
	uint8_t data[64];
	size_t len;
};

static void add_part(struct bytes *bytes, const void *data, size_t len)
{
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += (len + REGISTER - 1) / REGISTER * REGISTER;
}

static void add_name(struct bytes *bytes, const char *interface)
{
	char name[IFNAMSIZ] = { 0 };
	str_copy(name, sizeof name, interface);
	add_part(bytes, name, sizeof name);
}

static void add_port(struct bytes *bytes, uint16_t port)
{
	uint16_t value = htons(port);
	add_part(bytes, &value, sizeof value);
}

/* --- messages --- */

static uint16_t message_type(uint16_t type)
{
	return (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
}

static void mark(struct netlink_batch *batch, uint16_t type)
{
	const struct nfgenmsg head = { .nfgen_family = AF_UNSPEC, .res_id = htons(NFNL_SUBSYS_NFTABLES) };
	netlink_mark(batch, type, &head, sizeof head);
}

void firewall_change_begin(struct firewall_change *change, const char *table, bool remove)
{
	*change = (struct firewall_change){ .table = table, .remove = remove, .sock = -1 };
	mark(&change->batch, NFNL_MSG_BATCH_BEGIN);
}

void firewall_change_done(struct firewall_change *change)
{
	netlink_batch_done(&change->batch);
	fd_close(change->sock);
}

static void put_value(struct netlink_batch *batch, uint16_t type, const struct bytes *value)
{
	size_t nest = netlink_nest(batch, type);
	netlink_put(batch, NFTA_DATA_VALUE, value->data, value->len);
	netlink_nest_end(batch, nest);
}

static void put_element(struct netlink_batch *batch, const struct bytes *key, const struct bytes *data, uint32_t flags)
{
	size_t element = netlink_nest(batch, NFTA_LIST_ELEM);
	put_value(batch, NFTA_SET_ELEM_KEY, key);
	if (data)
		put_value(batch, NFTA_SET_ELEM_DATA, data);
	if (flags)
		netlink_put_u32(batch, NFTA_SET_ELEM_FLAGS, htonl(flags));
	netlink_nest_end(batch, element);
}

/* @family: of the table that the set is in. */
static void put_set(struct firewall_change *change, bool remove, uint8_t family, const char *set)
{
	struct netlink_batch *batch = &change->batch;
	const struct nfgenmsg head = { .nfgen_family = family, .version = NFNETLINK_V0 };
	netlink_begin(batch, message_type(remove ? NFT_MSG_DELSETELEM : NFT_MSG_NEWSETELEM), remove ? 0 : NLM_F_CREATE,
		      &head, sizeof head, "change \"%s\" in the packet filter's table \"%s\"", set, change->table);
	netlink_put_string(batch, NFTA_SET_ELEM_LIST_TABLE, change->table);
	netlink_put_string(batch, NFTA_SET_ELEM_LIST_SET, set);
	change->n_elements++;
}

/* Returns the nest of the elements, which netlink_nest_end() takes. */
static size_t put_elements(struct firewall_change *change, uint8_t family, const char *set)
{
	put_set(change, change->remove, family, set);
	return netlink_nest(&change->batch, NFTA_SET_ELEM_LIST_ELEMENTS);
}

static void put_one(struct firewall_change *change, const char *set, const struct bytes *key, const struct bytes *data)
{
	size_t nest = put_elements(change, NFPROTO_INET, set);
	put_element(&change->batch, key, data, 0);
	netlink_nest_end(&change->batch, nest);
}

static void put_guard(struct firewall_change *change, const char *set, const struct bytes *key)
{
	if (change->unguarded)
		return;
	size_t nest = put_elements(change, NFPROTO_BRIDGE, set);
	put_element(&change->batch, key, NULL, 0);
	netlink_nest_end(&change->batch, nest);
}

/* --- networks --- */

/* A range is its first address, and the one behind its last as the element that ends it. */
static void put_subnet(struct firewall_change *change, const char *set, const struct cidr *subnet)
{
	struct bytes first = { 0 }, end = { 0 };
	struct cidr network = cidr_network(subnet), behind = cidr_last(subnet);
	bool bounded = cidr_advance(&behind, 1);
	add_part(&first, network.bytes, cidr_length(&network));
	add_part(&end, behind.bytes, cidr_length(&behind));
	size_t nest = put_elements(change, NFPROTO_INET, set);
	put_element(&change->batch, &first, NULL, 0);
	if (bounded)
		put_element(&change->batch, &end, NULL, NFT_SET_ELEM_INTERVAL_END);
	netlink_nest_end(&change->batch, nest);
}

static void put_subnets(struct firewall_change *change, const char *set4, const char *set6,
			const struct firewall_network *network)
{
	if (network->subnet.family)
		put_subnet(change, set4, &network->subnet);
	if (network->subnet6.family)
		put_subnet(change, set6, &network->subnet6);
}

/* Nobody but the host has it. */
static void put_owned(struct firewall_change *change, const struct cidr *address)
{
	struct bytes key = { 0 };
	add_part(&key, address->bytes, cidr_length(address));
	if (address->family)
		put_guard(change, address->family == AF_INET6 ? "owned6" : "owned4", &key);
}

void firewall_put_network(struct firewall_change *change, const struct firewall_network *network)
{
	struct bytes name = { 0 }, pair = { 0 };
	add_name(&name, network->bridge);
	add_name(&pair, network->bridge);
	add_name(&pair, network->bridge);
	put_one(change, "bridges", &name, NULL);
	if (!network->apart)
		put_one(change, "same", &pair, NULL);
	if (network->internal)
		put_one(change, "internal", &name, NULL);
	put_subnets(change, "subnets4", "subnets6", network);
	if (!network->internal && !network->routed)
		put_subnets(change, "masquerade4", "masquerade6", network);
	put_owned(change, &network->gateway);
	put_owned(change, &network->gateway6);
}

/* --- places --- */

static void put_address(struct firewall_change *change, const char *link, const struct cidr *address)
{
	struct bytes key = { 0 };
	if (!address->family)
		return;
	add_name(&key, link);
	add_part(&key, address->bytes, cidr_length(address));
	put_guard(change, address->family == AF_INET6 ? "places6" : "places4", &key);
	put_owned(change, address);
}

static void put_link(struct firewall_change *change, const char *set, const char *link)
{
	struct bytes name = { 0 };
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

/* All elements of a set are removed by a request that names none. */
void firewall_put_strict(struct firewall_change *change, char *const *links)
{
	if (!change->unguarded)
		put_set(change, true, NFPROTO_BRIDGE, "strict");
	for (; links && *links; links++)
		put_link(change, "strict", *links);
}

/* --- ports --- */

static bool is_any(const struct cidr *address)
{
	static const uint8_t zeroes[sizeof address->bytes];
	return address->family == 0 || memcmp(address->bytes, zeroes, cidr_length(address)) == 0;
}

void firewall_put_port(struct firewall_change *change, const struct firewall_port *port)
{
	static const char *const sets[2][2] = { { "publish4_on", "publish4" }, { "publish6_on", "publish6" } };
	bool any = is_any(&port->host), v6 = port->container.family == AF_INET6;
	struct bytes key = { 0 }, data = { 0 };
	if (!any)
		add_part(&key, port->host.bytes, cidr_length(&port->host));
	add_part(&key, &port->protocol, sizeof port->protocol);
	add_port(&key, port->host_port);
	add_part(&data, port->container.bytes, cidr_length(&port->container));
	add_port(&data, port->container_port);
	put_one(change, sets[v6][any], &key, change->remove ? NULL : &data);
}

/* --- looking --- */

static int count_rule(const struct nlmsghdr *message, void *context)
{
	*(size_t *)context += message->nlmsg_type == message_type(NFT_MSG_NEWRULE);
	return 0;
}

bool firewall_is_unguarded(const char *table)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	const struct nfgenmsg head = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };
	size_t count = 0;
	_cleanup_close_ int sock = netlink_open(NETLINK_NETFILTER, NULL);
	netlink_begin(&batch, message_type(NFT_MSG_GETSET), 0, &head, sizeof head, "find a mark");
	netlink_put_string(&batch, NFTA_SET_TABLE, table);
	netlink_put_string(&batch, NFTA_SET_NAME, "unguarded");
	return sock >= 0 && netlink_query(sock, &batch, count_rule, &count, NULL) >= 0;
}

static int count_rules(int sock, uint8_t family, const char *table, size_t *count, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	const struct nfgenmsg head = { .nfgen_family = family, .version = NFNETLINK_V0 };
	*count = 0;
	netlink_begin(&batch, message_type(NFT_MSG_GETRULE), NLM_F_DUMP, &head, sizeof head,
		      "read the rules of the table \"%s\"", table);
	netlink_put_string(&batch, NFTA_RULE_TABLE, table);
	return netlink_query(sock, &batch, count_rule, count, err);
}

int firewall_is_whole(const char *table, struct error *err)
{
	_cleanup_close_ int sock = netlink_open(NETLINK_NETFILTER, err);
	size_t rules = 0, guards = 0;
	int r = sock < 0 ? sock : count_rules(sock, NFPROTO_INET, table, &rules, err);
	if (r >= 0)
		r = count_rules(sock, NFPROTO_BRIDGE, table, &guards, err);
	if (r < 0)
		return r;
	return rules == firewall_rule_count() &&
	       (guards == firewall_guard_rule_count() || (guards == 0 && firewall_is_unguarded(table)));
}

/* --- doing it --- */

/* Each by itself. Goes on after an error, and returns the first. */
static int remove_each(int sock, const struct str *all, struct error *err)
{
	struct error first = { 0 };
	size_t left = all->len;
	for (const struct nlmsghdr *at = (struct nlmsghdr *)all->data; NLMSG_OK(at, left); at = NLMSG_NEXT(at, left)) {
		_cleanup_netlink_batch_ struct netlink_batch one = { 0 };
		struct error why = { 0 };
		if (at->nlmsg_type == NFNL_MSG_BATCH_BEGIN || at->nlmsg_type == NFNL_MSG_BATCH_END)
			continue;
		mark(&one, NFNL_MSG_BATCH_BEGIN);
		netlink_begin(&one, at->nlmsg_type, 0, NLMSG_DATA(at), at->nlmsg_len - (size_t)NLMSG_HDRLEN,
			      "remove an element of the packet filter's");
		mark(&one, NFNL_MSG_BATCH_END);
		int r = netlink_commit(sock, &one, &why);
		if (r < 0 && r != -ERR_NOT_FOUND && first.code == ERR_NONE)
			first = why;
	}
	if (first.code != ERR_NONE && err)
		*err = first;
	return -first.code;
}

int firewall_apply(struct firewall_change *change, struct error *err)
{
	_cleanup_str_ struct str all = { 0 };
	struct error why = { 0 };
	if (change->n_elements == 0)
		return 0;
	if (change->sock < 0)
		change->sock = netlink_open(NETLINK_NETFILTER, err);
	if (change->sock < 0)
		return err ? -err->code : -ERR_SYSTEM;
	mark(&change->batch, NFNL_MSG_BATCH_END);
	str_append_len(&all, change->batch.bytes.data, change->batch.bytes.len);
	change->n_elements = 0;
	int r = netlink_commit(change->sock, &change->batch, &why);
	if (r == -ERR_NOT_FOUND && change->remove)
		return remove_each(change->sock, &all, err);
	if (r < 0 && err)
		*err = why;
	return r;
}
