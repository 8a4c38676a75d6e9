/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other people's chains that drop. Docker, ufw and firewalld are known by their chains and tables, for each has its own place
 * where people say what is to pass: one that its next start does not undo.
 *
 * Sources: docs.docker.com/engine/network/packet-filtering-firewalls ("Add iptables policies before Docker's rules"), ufw(8)
 * ("route"), firewall-cmd(1), iptables(8).
 */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "network/firewall-change.h"
#include "network/firewall-look.h"

#define FIREWALLD "firewalld"

struct chain {
	uint8_t family; /* 0: none */
	char *table, *name;
};

struct search {
	enum firewall_hook hook;
	struct chain found;
	bool has_docker, has_ufw; /* chains of theirs in a table for IPv4 */
};

static void search_done(struct search *search)
{
	free(search->found.table);
	free(search->found.name);
}
#define _cleanup_search_ _cleanup_(search_done)

void firewall_drop_done(struct firewall_drop *drop)
{
	free(drop->chain);
	free(drop->remedy);
	*drop = (struct firewall_drop){ 0 };
}

static const char *family_name(uint8_t family)
{
	return family == NFPROTO_INET ? "inet" : family == NFPROTO_IPV4 ? "ip" : family == NFPROTO_IPV6 ? "ip6" : NULL;
}

/* --- chains --- */

static uint32_t read_number(const struct nlattr *attribute)
{
	uint32_t number = 0;
	if (attribute && netlink_length(attribute) >= sizeof number)
		memcpy(&number, netlink_data(attribute), sizeof number);
	return ntohl(number);
}

/* firewalld's accepts, as a chain; its last rule rejects what no zone wants. */
static bool drops(const struct nlattr *const table[], const char *of)
{
	return streq(of, FIREWALLD) || read_number(table[NFTA_CHAIN_POLICY]) == NF_DROP;
}

static int look_at_chain(const struct nlmsghdr *message, void *context)
{
	struct search *search = context;
	const struct nfgenmsg *head = NLMSG_DATA(message);
	const struct nlattr *table[NFTA_CHAIN_POLICY + 1], *hook[NFTA_HOOK_PRIORITY + 1];
	netlink_attributes(message, sizeof *head, table, ARRAY_SIZE(table));
	if (!family_name(head->nfgen_family) || !table[NFTA_CHAIN_TABLE] || !table[NFTA_CHAIN_NAME])
		return 0;
	const char *name = netlink_data(table[NFTA_CHAIN_NAME]), *of = netlink_data(table[NFTA_CHAIN_TABLE]);
	search->has_docker |= head->nfgen_family == NFPROTO_IPV4 && streq(name, "DOCKER-USER");
	search->has_ufw |= head->nfgen_family == NFPROTO_IPV4 && str_starts_with(name, "ufw-");
	netlink_nested(table[NFTA_CHAIN_HOOK], hook, ARRAY_SIZE(hook));
	if (search->found.family || !table[NFTA_CHAIN_POLICY] || !hook[NFTA_HOOK_HOOKNUM] ||
	    read_number(hook[NFTA_HOOK_HOOKNUM]) != search->hook || !drops(table, of))
		return 0;
	search->found = (struct chain){ head->nfgen_family, mem_strdup(of), mem_strdup(name) };
	return 0;
}

static int find_chain(int sock, struct search *search, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	const struct nfgenmsg head = { .nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0 };
	netlink_begin(&batch, firewall_message(NFT_MSG_GETCHAIN), NLM_F_DUMP, &head, sizeof head,
		      "read the chains of the packet filter");
	return netlink_query(sock, &batch, look_at_chain, search, err);
}

/* --- rules --- */

struct mention {
	const char *bridge;
	bool found;
};

/* Names of interfaces stand in rules as they are. */
static int look_at_rule(const struct nlmsghdr *message, void *context)
{
	struct mention *mention = context;
	mention->found |= memmem(message, message->nlmsg_len, mention->bridge, strlen(mention->bridge)) != NULL;
	return 0;
}

static int find_mention(int sock, const struct chain *chain, const char *bridge, bool *ret, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	const struct nfgenmsg head = { .nfgen_family = chain->family, .version = NFNETLINK_V0 };
	struct mention mention = { .bridge = bridge };
	netlink_begin(&batch, firewall_message(NFT_MSG_GETRULE), NLM_F_DUMP, &head, sizeof head,
		      "read the rules of the table \"%s\"", chain->table);
	netlink_put_string(&batch, NFTA_RULE_TABLE, chain->table);
	int r = netlink_query(sock, &batch, look_at_rule, &mention, err);
	if (r >= 0)
		*ret = mention.found;
	return r;
}

/* --- whose it is --- */

/* Tables for IPv4 that are called so are iptables'. */
static bool is_of_iptables(const struct chain *chain)
{
	return chain->family == NFPROTO_IPV4 && streq(chain->table, "filter");
}

static const char *owner_of(const struct search *search)
{
	if (streq(search->found.table, FIREWALLD))
		return FIREWALLD;
	if (!is_of_iptables(&search->found))
		return "somebody else";
	return search->has_docker ? "Docker" : search->has_ufw ? "ufw" : "somebody else";
}

static char *remedy_of(const struct search *search, const char *bridge)
{
	const struct chain *chain = &search->found;
	const char *owner = owner_of(search), *family = family_name(chain->family);
	if (search->hook != FIREWALL_FORWARD)
		return NULL;
	if (streq(owner, FIREWALLD))
		return mem_printf("firewall-cmd --permanent --zone=trusted --add-interface=%s && firewall-cmd --reload",
				  bridge);
	if (streq(owner, "ufw"))
		return mem_printf("ufw route allow in on %s && ufw route allow out on %s", bridge, bridge);
	if (is_of_iptables(chain)) {
		const char *name = search->has_docker ? "DOCKER-USER" : chain->name;
		return mem_printf("iptables -I %s -i %s -j ACCEPT && iptables -I %s -o %s -j ACCEPT", name, bridge,
				  name, bridge);
	}
	return mem_printf("nft 'insert rule %s %s %s iifname %s accept; insert rule %s %s %s oifname %s accept'",
			  family, chain->table, chain->name, bridge, family, chain->table, chain->name, bridge);
}

int firewall_find_drop(enum firewall_hook hook, const char *bridge, struct firewall_drop *ret, struct error *err)
{
	_cleanup_search_ struct search search = { .hook = hook };
	_cleanup_close_ int sock = netlink_open(NETLINK_NETFILTER, err);
	bool named = false;
	int r = sock < 0 ? sock : find_chain(sock, &search, err);
	if (r >= 0 && search.found.family && bridge)
		r = find_mention(sock, &search.found, bridge, &named, err);
	if (r < 0 || !search.found.family)
		return r < 0 ? r : 0;
	*ret = (struct firewall_drop){
		.chain =
			mem_printf("%s %s %s", family_name(search.found.family), search.found.table, search.found.name),
		.owner = owner_of(&search),
		.named = named,
		.remedy = bridge && !named ? remedy_of(&search, bridge) : NULL,
	};
	return 1;
}
