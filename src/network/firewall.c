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

/* Returns the nest of the elements, which put_elements_end() takes. */
static size_t put_elements(struct firewall_change *change, const char *set)
{
	struct netlink_batch *batch = &change->batch;
	const struct nfgenmsg head = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };
	netlink_begin(batch, message_type(change->remove ? NFT_MSG_DELSETELEM : NFT_MSG_NEWSETELEM),
		      change->remove ? 0 : NLM_F_CREATE, &head, sizeof head,
		      "change \"%s\" in the packet filter's table \"%s\"", set, change->table);
	netlink_put_string(batch, NFTA_SET_ELEM_LIST_TABLE, change->table);
	netlink_put_string(batch, NFTA_SET_ELEM_LIST_SET, set);
	change->n_elements++;
	return netlink_nest(batch, NFTA_SET_ELEM_LIST_ELEMENTS);
}

static void put_one(struct firewall_change *change, const char *set, const struct bytes *key, const struct bytes *data)
{
	size_t nest = put_elements(change, set);
	put_element(&change->batch, key, data, 0);
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
	size_t nest = put_elements(change, set);
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

int firewall_is_whole(const char *table, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	const struct nfgenmsg head = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };
	size_t count = 0;
	_cleanup_close_ int sock = netlink_open(NETLINK_NETFILTER, err);
	if (sock < 0)
		return sock;
	netlink_begin(&batch, message_type(NFT_MSG_GETRULE), NLM_F_DUMP, &head, sizeof head,
		      "read the rules of the table \"%s\"", table);
	netlink_put_string(&batch, NFTA_RULE_TABLE, table);
	int r = netlink_query(sock, &batch, count_rule, &count, err);
	return r < 0 ? r : count == firewall_rule_count();
}

/* --- doing it --- */

int firewall_apply(struct firewall_change *change, struct error *err)
{
	if (change->n_elements == 0)
		return 0;
	if (change->sock < 0)
		change->sock = netlink_open(NETLINK_NETFILTER, err);
	if (change->sock < 0)
		return err ? -err->code : -ERR_SYSTEM;
	mark(&change->batch, NFNL_MSG_BATCH_END);
	change->n_elements = 0;
	return netlink_commit(change->sock, &change->batch, err);
}
