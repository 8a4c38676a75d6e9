/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel has in a set. */
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "base/util.h"
#include "network/firewall-change.h"

struct walk {
	firewall_element_fn each;
	void *context;
};

static int take_elements(const struct nlmsghdr *message, void *context)
{
	const struct walk *walk = context;
	const struct nlattr *table[NFTA_SET_ELEM_LIST_ELEMENTS + 1];
	netlink_attributes(message, sizeof(struct nfgenmsg), table, ARRAY_SIZE(table));
	const struct nlattr *list = table[NFTA_SET_ELEM_LIST_ELEMENTS];
	const char *at = list ? netlink_data(list) : NULL, *end = list ? at + netlink_length(list) : NULL;
	while (end - at >= NLA_HDRLEN) {
		const struct nlattr *element = (const struct nlattr *)at;
		if (element->nla_len < NLA_HDRLEN || element->nla_len > end - at)
			break;
		walk->each(element, walk->context);
		at += NLA_ALIGN(element->nla_len);
	}
	return 0;
}

int firewall_each_element(int sock, uint8_t family, const char *table, const char *set, firewall_element_fn each,
			  void *context, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	const struct nfgenmsg head = { .nfgen_family = family, .version = NFNETLINK_V0 };
	struct walk walk = { .each = each, .context = context };
	netlink_begin(&batch, firewall_message(NFT_MSG_GETSETELEM), NLM_F_DUMP, &head, sizeof head,
		      "list \"%s\" in the packet filter's table \"%s\"", set, table);
	netlink_put_string(&batch, NFTA_SET_ELEM_LIST_TABLE, table);
	netlink_put_string(&batch, NFTA_SET_ELEM_LIST_SET, set);
	return netlink_query(sock, &batch, take_elements, &walk, err);
}
