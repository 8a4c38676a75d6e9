/* SPDX-License-Identifier: Apache-2.0 */
/* What is there of the elements that should be. */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "network/firewall-change.h"

/* Those of one set that the kernel has, in their order. */
struct inventory {
	struct str *identities;
	size_t count;
};

static void inventory_done(struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->count; i++)
		str_done(&inventory->identities[i]);
	free(inventory->identities);
}
#define _cleanup_inventory_ _cleanup_(inventory_done)

static int by_identity(const void *a, const void *b)
{
	const struct str *first = a, *second = b;
	if (first->len != second->len)
		return first->len < second->len ? -1 : 1;
	return memcmp(first->data, second->data, first->len);
}

static void append_value(struct str *out, const struct nlattr *value)
{
	const struct nlattr *table[NFTA_DATA_VALUE + 1];
	netlink_nested(value, table, ARRAY_SIZE(table));
	if (table[NFTA_DATA_VALUE])
		str_append_len(out, netlink_data(table[NFTA_DATA_VALUE]), netlink_length(table[NFTA_DATA_VALUE]));
}

/* What makes it this element: its key, where a map leads, and whether it ends a range. */
static void identify(const struct nlattr *element, struct str *out)
{
	const struct nlattr *table[NFTA_SET_ELEM_FLAGS + 1];
	uint32_t flags = 0;
	netlink_nested(element, table, ARRAY_SIZE(table));
	if (table[NFTA_SET_ELEM_FLAGS])
		memcpy(&flags, netlink_data(table[NFTA_SET_ELEM_FLAGS]), sizeof flags);
	str_append_char(out, flags & htonl(NFT_SET_ELEM_INTERVAL_END) ? 'e' : 'b');
	append_value(out, table[NFTA_SET_ELEM_KEY]);
	append_value(out, table[NFTA_SET_ELEM_DATA]);
}

static void take_element(const struct nlattr *element, void *context)
{
	struct inventory *inventory = context;
	struct str *identity = ARRAY_APPEND(inventory->identities, inventory->count);
	*identity = (struct str){ 0 };
	identify(element, identity);
}

static bool has(const struct inventory *inventory, const struct nlattr *element)
{
	_cleanup_str_ struct str identity = { 0 };
	identify(element, &identity);
	return inventory->count > 0 &&
	       bsearch(&identity, inventory->identities, inventory->count, sizeof *inventory->identities, by_identity);
}

static int compare(int sock, const struct firewall_change *change, const struct firewall_elements *elements,
		   char ***missing, struct error *err)
{
	_cleanup_inventory_ struct inventory inventory = { 0 };
	int r = firewall_each_element(sock, elements->family, change->table, elements->set, take_element, &inventory,
				      err);
	if (r < 0)
		return r;
	if (inventory.count > 0)
		qsort(inventory.identities, inventory.count, sizeof *inventory.identities, by_identity);
	for (const struct nlattr *at = firewall_first(elements); at < firewall_last(elements); at = firewall_next(at))
		if (!has(&inventory, at))
			strv_append(missing, elements->set);
	return 0;
}

int firewall_find_missing(const struct firewall_change *change, char ***ret, struct error *err)
{
	_cleanup_strv_ char **missing = NULL;
	_cleanup_close_ int sock = netlink_open(NETLINK_NETFILTER, err);
	int r = sock < 0 ? sock : 0;
	for (size_t i = 0; r >= 0 && i < change->n_sets; i++)
		r = compare(sock, change, &change->sets[i], &missing, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(missing);
	return 0;
}

static int take_generation(const struct nlmsghdr *message, void *context)
{
	const struct nlattr *table[NFTA_GEN_ID + 1];
	netlink_attributes(message, sizeof(struct nfgenmsg), table, ARRAY_SIZE(table));
	if (table[NFTA_GEN_ID])
		memcpy(context, netlink_data(table[NFTA_GEN_ID]), sizeof(uint32_t));
	return 0;
}

int firewall_generation(uint32_t *ret, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	const struct nfgenmsg head = { .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0 };
	_cleanup_close_ int sock = netlink_open(NETLINK_NETFILTER, err);
	uint32_t generation = 0;
	if (sock < 0)
		return sock;
	netlink_begin(&batch, firewall_message(NFT_MSG_GETGEN), 0, &head, sizeof head,
		      "ask the packet filter's generation");
	int r = netlink_query(sock, &batch, take_generation, &generation, err);
	if (r >= 0)
		*ret = ntohl(generation);
	return r;
}
