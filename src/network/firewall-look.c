/* SPDX-License-Identifier: Apache-2.0 */
#include "network/firewall-look.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/netlink.h"
#include "base/str.h"
#include "base/util.h"
#include "network/firewall-change.h"
#include "network/tool.h"

enum { RULES_MAX = 16 << 20 }; /* bytes of nft's text */

/* --- chains that drop --- */

struct search {
	enum firewall_hook hook;
	char *found;
};

static uint32_t read_number(const struct nlattr *attribute)
{
	uint32_t number = 0;
	if (attribute && netlink_length(attribute) >= sizeof number)
		memcpy(&number, netlink_data(attribute), sizeof number);
	return ntohl(number);
}

static const char *family_name(uint8_t family)
{
	return family == NFPROTO_INET ? "inet" : family == NFPROTO_IPV4 ? "ip" : family == NFPROTO_IPV6 ? "ip6" : NULL;
}

static int look_at_chain(const struct nlmsghdr *message, void *context)
{
	struct search *search = context;
	const struct nfgenmsg *head = NLMSG_DATA(message);
	const struct nlattr *table[NFTA_CHAIN_POLICY + 1], *hook[NFTA_HOOK_PRIORITY + 1];
	const char *family = family_name(head->nfgen_family);
	netlink_attributes(message, sizeof *head, table, ARRAY_SIZE(table));
	netlink_nested(table[NFTA_CHAIN_HOOK], hook, ARRAY_SIZE(hook));
	if (search->found || !family || !table[NFTA_CHAIN_POLICY] || !hook[NFTA_HOOK_HOOKNUM] ||
	    !table[NFTA_CHAIN_TABLE] || !table[NFTA_CHAIN_NAME])
		return 0;
	if (read_number(hook[NFTA_HOOK_HOOKNUM]) == search->hook && read_number(table[NFTA_CHAIN_POLICY]) == NF_DROP)
		search->found = mem_printf("%s %s %s", family, (const char *)netlink_data(table[NFTA_CHAIN_TABLE]),
					   (const char *)netlink_data(table[NFTA_CHAIN_NAME]));
	return 0;
}

int firewall_find_drop(enum firewall_hook hook, char **ret, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	const struct nfgenmsg head = { .nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0 };
	struct search search = { .hook = hook };
	_cleanup_close_ int sock = netlink_open(NETLINK_NETFILTER, err);
	if (sock < 0)
		return sock;
	netlink_begin(&batch, firewall_message(NFT_MSG_GETCHAIN), NLM_F_DUMP, &head, sizeof head,
		      "read the chains of the packet filter");
	int r = netlink_query(sock, &batch, look_at_chain, &search, err);
	if (r < 0) {
		free(search.found);
		return r;
	}
	*ret = search.found;
	return search.found != NULL;
}

/* --- counters --- */

static int read_table(const char *family, const char *table, struct json_document *ret, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	const char *const argv[] = { "nft", "-j", "list", "table", family, table, NULL };
	size_t len;
	int r = tool_output("nftables", (char *const *)argv, "read the packet filter's rules", RULES_MAX, &text, &len,
			    err);
	return r < 0 ? r : json_parse(text, len, "nft", ERR_SYSTEM, ret, err);
}

/* Of one rule; what is not there counts nothing. */
static uint64_t packets_of(const struct json_node *rule)
{
	struct json_node parts, counter;
	uint64_t packets = 0;
	if (json_get_array(rule, "expr", &parts, NULL) <= 0)
		return 0;
	for (size_t i = 0; i < json_array_length(&parts); i++) {
		struct json_node part = json_array_at(&parts, i);
		if (json_get_object(&part, "counter", &counter, NULL) > 0)
			(void)json_get_u64(&counter, "packets", UINT64_MAX, &packets, NULL);
	}
	return packets;
}

static void take_rule(const struct json_node *item, struct firewall_counter *counters, size_t count)
{
	struct json_node rule;
	const char *comment;
	if (json_get_object(item, "rule", &rule, NULL) <= 0 || json_get_string(&rule, "comment", &comment, NULL) <= 0)
		return;
	for (size_t i = 0; i < count; i++) {
		if (!streq(counters[i].comment, comment))
			continue;
		counters[i].is_there = true;
		counters[i].packets += packets_of(&rule);
	}
}

int firewall_read_counters(const char *family, const char *table, struct firewall_counter *counters, size_t count,
			   struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	struct json_node root, items;
	int r = read_table(family, table, &document, err);
	if (r < 0)
		return r;
	root = json_root(&document);
	r = json_need_array(&root, "nftables", &items, err);
	for (size_t i = 0; r >= 0 && i < json_array_length(&items); i++) {
		struct json_node item = json_array_at(&items, i);
		take_rule(&item, counters, count);
	}
	return r < 0 ? r : 0;
}

int firewall_count(const char *family, const char *table, const char *comment, uint64_t *ret, struct error *err)
{
	struct firewall_counter counter = { .comment = comment };
	int r = firewall_read_counters(family, table, &counter, 1, err);
	if (r < 0)
		return r;
	if (!counter.is_there)
		return err_set(err, ERR_NOT_FOUND, "no rule of \"%s\" says \"%s\"", table, comment);
	*ret = counter.packets;
	return 0;
}
