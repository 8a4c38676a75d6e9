/* SPDX-License-Identifier: Apache-2.0 */
/* Tables like ours that are another root's. */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "base/mem.h"
#include "base/netlink.h"
#include "base/str.h"
#include "base/util.h"
#include "network/firewall-change.h"
#include "network/firewall.h"

#define PREFIX "coffer"
#define HASH_LETTERS "0123456789abcdef"

/* "coffer" and "coffer-1a2b3c4d". */
static bool is_of_a_root(const char *name)
{
	enum { LETTERS = 8 };
	const char *rest = str_after(name, PREFIX);
	return rest &&
	       (!*rest || (*rest == '-' && strlen(rest) == LETTERS + 1 && strspn(rest + 1, HASH_LETTERS) == LETTERS));
}

struct tables {
	const char *own;
	char **names;
};

static int take_table(const struct nlmsghdr *message, void *context)
{
	struct tables *tables = context;
	const struct nlattr *table[NFTA_TABLE_NAME + 1];
	netlink_attributes(message, sizeof(struct nfgenmsg), table, ARRAY_SIZE(table));
	const char *name = table[NFTA_TABLE_NAME] ? netlink_data(table[NFTA_TABLE_NAME]) : "";
	if (is_of_a_root(name) && !streq(name, tables->own))
		strv_append(&tables->names, name);
	return 0;
}

static int list_tables(int sock, struct tables *tables, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	const struct nfgenmsg head = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };
	netlink_begin(&batch, firewall_message(NFT_MSG_GETTABLE), NLM_F_DUMP, &head, sizeof head,
		      "list the packet filter's tables");
	return netlink_query(sock, &batch, take_table, tables, err);
}

/* --- one map of ports --- */

struct search {
	const struct cidr *host; /* family 0: each address */
	struct firewall_bytes tail;
	bool found;
};

/* A key is an address, or none for each of the host's, and then the protocol and the port. */
static bool is_meant(const struct search *search, const struct nlattr *key)
{
	const struct nlattr *value[NFTA_DATA_VALUE + 1];
	netlink_nested(key, value, ARRAY_SIZE(value));
	if (!value[NFTA_DATA_VALUE])
		return false;
	const uint8_t *data = netlink_data(value[NFTA_DATA_VALUE]);
	size_t len = netlink_length(value[NFTA_DATA_VALUE]), tail = search->tail.len;
	if (len < tail || memcmp(data + len - tail, search->tail.data, tail) != 0)
		return false;
	return len == tail || cidr_is_any(search->host) ||
	       (len - tail == cidr_length(search->host) && memcmp(data, search->host->bytes, len - tail) == 0);
}

static void look_at_element(const struct nlattr *element, void *context)
{
	struct search *search = context;
	const struct nlattr *parts[NFTA_SET_ELEM_KEY + 1];
	netlink_nested(element, parts, ARRAY_SIZE(parts));
	search->found |= parts[NFTA_SET_ELEM_KEY] && is_meant(search, parts[NFTA_SET_ELEM_KEY]);
}

/* Of each family that it is to be reached by; @both says that this is each one. */
static int look_at_table(int sock, const char *table, bool both, struct search *search, struct error *err)
{
	static const char *const maps[2][2] = { { "publish4", "publish4_on" }, { "publish6", "publish6_on" } };
	bool only6 = search->host->family == AF_INET6;
	int r = 0;
	for (int v6 = only6 ? 1 : 0; r >= 0 && v6 <= (both || only6 ? 1 : 0); v6++)
		for (size_t i = 0; r >= 0 && !search->found && i < ARRAY_SIZE(maps[v6]); i++)
			r = firewall_each_element(sock, NFPROTO_INET, table, maps[v6][i], look_at_element, search, err);
	return r;
}

int firewall_find_other(const char *own, const struct cidr *host, bool both, uint8_t protocol, uint16_t port,
			char **ret, struct error *err)
{
	struct search search = { .host = host };
	const uint16_t number = htons(port);
	_cleanup_strv_ char **names = NULL;
	struct tables tables = { .own = own };
	firewall_add_part(&search.tail, &protocol, sizeof protocol);
	firewall_add_part(&search.tail, &number, sizeof number);
	_cleanup_close_ int sock = netlink_open(NETLINK_NETFILTER, err);
	int r = sock < 0 ? sock : list_tables(sock, &tables, err);
	names = tables.names;
	for (char **name = names; r >= 0 && name && *name; name++) {
		r = look_at_table(sock, *name, both && !host->family, &search, err);
		if (r < 0 || !search.found)
			continue;
		*ret = mem_strdup(*name);
		return 1;
	}
	return r;
}
