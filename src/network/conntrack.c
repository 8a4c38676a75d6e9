/* SPDX-License-Identifier: Apache-2.0 */
#include "network/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/netlink.h"
#include "base/util.h"

struct search {
	const struct cidr
		*ends; /* sorted: that the flow has one of them at one of its ends; or, if NULL, the next three */
	size_t n_ends;
	uint8_t protocol;
	uint16_t port;
	const struct cidr *host; /* NULL: any */
	sa_family_t family;
	struct netlink_batch removals;
};

static uint16_t message_type(uint16_t type)
{
	return (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
}

static bool has_value(const struct nlattr *attribute, const void *value, size_t len)
{
	return attribute && netlink_length(attribute) >= len && memcmp(netlink_data(attribute), value, len) == 0;
}

static int compare(const void *a, const void *b)
{
	const struct cidr *first = a, *second = b;
	if (first->family != second->family)
		return first->family < second->family ? -1 : 1;
	return memcmp(first->bytes, second->bytes, cidr_length(first));
}

static bool is_end(const struct search *search, const struct nlattr *attribute)
{
	struct cidr address = { .family = search->family };
	size_t len = cidr_length(&address);
	if (!attribute || netlink_length(attribute) < len)
		return false;
	memcpy(address.bytes, netlink_data(attribute), len);
	return bsearch(&address, search->ends, search->n_ends, sizeof address, compare);
}

/* @tuple: from where to where the first packet went. */
static bool is_wanted(const struct search *search, const struct nlattr *tuple)
{
	const struct nlattr *parts[CTA_TUPLE_PROTO + 1], *ip[CTA_IP_V6_DST + 1], *proto[CTA_PROTO_DST_PORT + 1];
	const uint16_t port = htons(search->port);
	netlink_nested(tuple, parts, ARRAY_SIZE(parts));
	netlink_nested(parts[CTA_TUPLE_IP], ip, ARRAY_SIZE(ip));
	netlink_nested(parts[CTA_TUPLE_PROTO], proto, ARRAY_SIZE(proto));
	const struct nlattr *from = ip[search->family == AF_INET6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC];
	const struct nlattr *to = ip[search->family == AF_INET6 ? CTA_IP_V6_DST : CTA_IP_V4_DST];
	if (search->ends)
		return is_end(search, from) || is_end(search, to);
	return has_value(proto[CTA_PROTO_NUM], &search->protocol, sizeof search->protocol) &&
	       has_value(proto[CTA_PROTO_DST_PORT], &port, sizeof port) &&
	       (!search->host || has_value(to, search->host->bytes, cidr_length(search->host)));
}

static int look(const struct nlmsghdr *message, void *context)
{
	struct search *search = context;
	const struct nfgenmsg head = { .nfgen_family = (uint8_t)search->family, .version = NFNETLINK_V0 };
	const struct nlattr *table[CTA_TUPLE_ORIG + 1];
	netlink_attributes(message, sizeof head, table, ARRAY_SIZE(table));
	const struct nlattr *tuple = table[CTA_TUPLE_ORIG];
	if (!is_wanted(search, tuple))
		return 0;
	netlink_begin(&search->removals, message_type(IPCTNL_MSG_CT_DELETE), 0, &head, sizeof head,
		      "forget a flow");
	netlink_allow(&search->removals, ENOENT);
	netlink_put(&search->removals, CTA_TUPLE_ORIG | NLA_F_NESTED, netlink_data(tuple), netlink_length(tuple));
	return 0;
}

static int forget(struct search *search, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch dump = { 0 };
	const struct nfgenmsg head = { .nfgen_family = (uint8_t)search->family, .version = NFNETLINK_V0 };
	_cleanup_close_ int sock = netlink_open(NETLINK_NETFILTER, err);
	if (sock < 0)
		return sock;
	netlink_begin(&dump, message_type(IPCTNL_MSG_CT_GET), NLM_F_DUMP, &head, sizeof head,
		      "list the flows that the kernel remembers");
	int r = netlink_query(sock, &dump, look, search, err);
	if (r >= 0)
		r = netlink_commit(sock, &search->removals, err);
	netlink_batch_done(&search->removals);
	return r;
}

int conntrack_forget(uint8_t protocol, const struct cidr *host, uint16_t port, sa_family_t family, struct error *err)
{
	struct search search = { .protocol = protocol, .port = port, .family = family };
	if (!cidr_is_any(host))
		search.host = host;
	return forget(&search, err);
}

int conntrack_forget_addresses(struct cidr *addresses, size_t count, struct error *err)
{
	int r = 0;
	if (count > 0) /* qsort() takes no NULL */
		qsort(addresses, count, sizeof *addresses, compare);
	for (size_t i = 0, n; r >= 0 && i < count; i += n) {
		struct search search = { .ends = &addresses[i], .family = addresses[i].family };
		for (n = 1; i + n < count && addresses[i + n].family == search.family; n++)
			;
		search.n_ends = n;
		if (search.family)
			r = forget(&search, err);
	}
	return r;
}
