/* SPDX-License-Identifier: Apache-2.0 */
#include "network/firewall-change.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"

enum {
	REGISTER = 4,		  /* bytes that each part of a concatenation is padded to: a register of the kernel's */
	MESSAGE_MAX = 32 * 1024,  /* of elements; an attribute's length has 16 bits */
	SEND_BUFFER = 128 * 1024, /* that a socket has at least, by net.core.wmem_default */
};

/* --- collecting --- */

void firewall_change_begin(struct firewall_change *change, const char *table, bool remove)
{
	*change = (struct firewall_change){ .table = table, .remove = remove, .sock = -1 };
}

void firewall_change_done(struct firewall_change *change)
{
	for (size_t i = 0; i < change->n_sets; i++) {
		free(change->sets[i].set);
		netlink_batch_done(&change->sets[i].encoded);
	}
	free(change->sets);
	fd_close(change->sock);
}

void firewall_add_part(struct firewall_bytes *bytes, const void *data, size_t len)
{
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += (len + REGISTER - 1) / REGISTER * REGISTER;
}

/* The last ones first: most come one behind the other. */
static struct firewall_elements *find_set(struct firewall_change *change, uint8_t family, const char *set)
{
	for (size_t i = change->n_sets; i > 0; i--)
		if (change->sets[i - 1].family == family && streq(change->sets[i - 1].set, set))
			return &change->sets[i - 1];
	struct firewall_elements *elements = ARRAY_APPEND(change->sets, change->n_sets);
	*elements = (struct firewall_elements){ .family = family, .set = mem_strdup(set) };
	netlink_mark(&elements->encoded, NLMSG_NOOP, "", 0);
	elements->begin = elements->encoded.bytes.len;
	return elements;
}

void firewall_begin_set(struct firewall_change *change, uint8_t family, const char *set, bool afresh)
{
	find_set(change, family, set)->afresh |= afresh;
}

static void put_value(struct netlink_batch *batch, uint16_t type, const struct firewall_bytes *value)
{
	size_t nest = netlink_nest(batch, type);
	netlink_put(batch, NFTA_DATA_VALUE, value->data, value->len);
	netlink_nest_end(batch, nest);
}

void firewall_put(struct firewall_change *change, uint8_t family, const char *set, const struct firewall_bytes *key,
		  const struct firewall_bytes *data, uint32_t flags)
{
	struct netlink_batch *batch = &find_set(change, family, set)->encoded;
	size_t element = netlink_nest(batch, NFTA_LIST_ELEM);
	put_value(batch, NFTA_SET_ELEM_KEY, key);
	if (data)
		put_value(batch, NFTA_SET_ELEM_DATA, data);
	if (flags)
		netlink_put_u32(batch, NFTA_SET_ELEM_FLAGS, htonl(flags));
	netlink_nest_end(batch, element);
}

/* --- messages --- */

static void mark(struct netlink_batch *batch, uint16_t type)
{
	const struct nfgenmsg head = { .nfgen_family = AF_UNSPEC, .res_id = htons(NFNL_SUBSYS_NFTABLES) };
	netlink_mark(batch, type, &head, sizeof head);
}

static void begin_message(struct netlink_batch *batch, const struct firewall_change *change,
			  const struct firewall_elements *elements, uint16_t type)
{
	const struct nfgenmsg head = { .nfgen_family = elements->family, .version = NFNETLINK_V0 };
	netlink_begin(batch, firewall_message(type), type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0, &head, sizeof head,
		      "change \"%s\" in the packet filter's table \"%s\"", elements->set, change->table);
	netlink_put_string(batch, NFTA_SET_ELEM_LIST_TABLE, change->table);
	netlink_put_string(batch, NFTA_SET_ELEM_LIST_SET, elements->set);
}

static bool ends_range(const struct nlattr *element)
{
	const struct nlattr *table[NFTA_SET_ELEM_FLAGS + 1];
	uint32_t flags = 0;
	netlink_nested(element, table, ARRAY_SIZE(table));
	if (table[NFTA_SET_ELEM_FLAGS])
		memcpy(&flags, netlink_data(table[NFTA_SET_ELEM_FLAGS]), sizeof flags);
	return flags & htonl(NFT_SET_ELEM_INTERVAL_END);
}

/* From @begin, as many as @max bytes hold, and one if it is more; a range is one. Returns where it stopped. */
static const struct nlattr *put_message(struct netlink_batch *batch, const struct firewall_change *change,
					const struct firewall_elements *elements, const struct nlattr *begin,
					size_t max)
{
	const struct nlattr *end = firewall_next(begin), *last = firewall_last(elements);
	while (end < last &&
	       (ends_range(end) || (size_t)((const char *)firewall_next(end) - (const char *)begin) <= max))
		end = firewall_next(end);
	begin_message(batch, change, elements, change->remove ? NFT_MSG_DELSETELEM : NFT_MSG_NEWSETELEM);
	size_t nest = netlink_nest(batch, NFTA_SET_ELEM_LIST_ELEMENTS);
	netlink_put_raw(batch, begin, (size_t)((const char *)end - (const char *)begin));
	netlink_nest_end(batch, nest);
	return end;
}

/* All elements of a set are removed by a request that names none. */
static void put_messages(struct netlink_batch *batch, const struct firewall_change *change,
			 const struct firewall_elements *elements)
{
	if (elements->afresh)
		begin_message(batch, change, elements, NFT_MSG_DELSETELEM);
	for (const struct nlattr *at = firewall_first(elements); at < firewall_last(elements);)
		at = put_message(batch, change, elements, at, MESSAGE_MAX);
}

/* --- doing it --- */

/* Not more at once than a socket holds; for who may not have more of it, the kernel will say so. */
static int commit(int sock, struct netlink_batch *batch, struct error *err)
{
	int size = (int)batch->bytes.len;
	if (size > SEND_BUFFER)
		(void)setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	return netlink_commit(sock, batch, err);
}

/* Each element by itself. Goes on after an error, and sets the first. */
static void remove_each_of(const struct firewall_change *change, const struct firewall_elements *elements,
			   struct error *first)
{
	for (const struct nlattr *at = firewall_first(elements); at < firewall_last(elements);) {
		_cleanup_netlink_batch_ struct netlink_batch one = { 0 };
		struct error why = { 0 };
		mark(&one, NFNL_MSG_BATCH_BEGIN);
		at = put_message(&one, change, elements, at, 0);
		mark(&one, NFNL_MSG_BATCH_END);
		int r = netlink_commit(change->sock, &one, &why);
		if (r < 0 && r != -ERR_NOT_FOUND && first->code == ERR_NONE)
			*first = why;
	}
}

static int remove_each(const struct firewall_change *change, struct error *err)
{
	struct error first = { 0 };
	for (size_t i = 0; i < change->n_sets; i++)
		remove_each_of(change, &change->sets[i], &first);
	if (first.code != ERR_NONE && err)
		*err = first;
	return -first.code;
}

int firewall_apply(struct firewall_change *change, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	struct error why = { 0 };
	if (change->sock < 0)
		change->sock = netlink_open(NETLINK_NETFILTER, err);
	if (change->sock < 0)
		return err ? -err->code : -ERR_SYSTEM;
	mark(&batch, NFNL_MSG_BATCH_BEGIN);
	for (size_t i = 0; i < change->n_sets; i++)
		put_messages(&batch, change, &change->sets[i]);
	mark(&batch, NFNL_MSG_BATCH_END);
	if (batch.n_requests == 0)
		return 0;
	int r = commit(change->sock, &batch, &why);
	if (r == -ERR_NOT_FOUND && change->remove)
		return remove_each(change, err);
	if (r < 0 && err)
		*err = why;
	return r;
}
