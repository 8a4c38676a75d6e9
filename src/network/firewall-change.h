/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change of sets and maps: their elements are collected set by set, and go to the kernel in one transaction of few
 * messages, however many they are. What was collected can also be looked for instead of being added.
 *
 *	struct firewall_change change;
 *	firewall_change_begin(&change, "coffer", false)		1.
 *	firewall_put(&change, NFPROTO_INET, "bridges", ...)	2. element after element
 *	firewall_apply(&change, err)				3.
 *	firewall_change_done(&change)				4. in any case
 *
 * Source: linux/netfilter/nf_tables.h.
 */
#pragma once

#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/netlink.h"

/* What is to become of one set. */
struct firewall_elements {
	uint8_t family; /* of the table that it is in: NFPROTO_INET, NFPROTO_BRIDGE */
	char *set;
	bool afresh;		      /* whatever else is in it is removed */
	struct netlink_batch encoded; /* the elements, behind the head of a message that is never sent */
	size_t begin;		      /* where they begin */
};

struct firewall_change {
	const char *table;
	bool remove;
	bool unguarded; /* what is the guard's is left out */
	struct firewall_elements *sets;
	size_t n_sets;
	int sock; /* of firewall_apply(), or -1 */
};

/* Elements put into it are added, or with @remove taken away. */
void firewall_change_begin(struct firewall_change *change, const char *table, bool remove);
void firewall_change_done(struct firewall_change *change);
#define _cleanup_firewall_change_ _cleanup_(firewall_change_done)

/* A key, or the data of a map: parts in registers of the kernel's. */
struct firewall_bytes {
	uint8_t data[64];
	size_t len;
};
void firewall_add_part(struct firewall_bytes *bytes, const void *data, size_t len);

/* Begin with @set, though nothing is put into it. @afresh: what is in it now is removed. */
void firewall_begin_set(struct firewall_change *change, uint8_t family, const char *set, bool afresh);

/* @data: of a map, or NULL. @flags: NFT_SET_ELEM_INTERVAL_END. */
void firewall_put(struct firewall_change *change, uint8_t family, const char *set, const struct firewall_bytes *key,
		  const struct firewall_bytes *data, uint32_t flags);

/*
 * Do it. Errors: ERR_NOT_FOUND if the table or one of its sets is not there; nothing is changed then. What is not there
 * is removed already.
 *
 * @change keeps the socket, for closing it takes as long as the kernel needs to free what was removed (up to tens of
 * milliseconds): who has no time for that takes it over.
 */
int firewall_apply(struct firewall_change *change, struct error *err);

/* --- firewall-elements.c --- */

/* The type of a message about tables, sets or rules. */
static inline uint16_t firewall_message(uint16_t type)
{
	return (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
}

/*
 * Call @each with every element that the kernel has in @set, as it stands in its list (NFTA_LIST_ELEM). Errors: ERR_NOT_FOUND
 * if the table or the set is not there.
 */
typedef void (*firewall_element_fn)(const struct nlattr *element, void *context);
int firewall_each_element(int sock, uint8_t family, const char *table, const char *set, firewall_element_fn each,
			  void *context, struct error *err);

/* --- firewall-missing.c --- */

/*
 * Look instead which of its elements are not there, or lead elsewhere. *ret is a strv with the name of a set for each of
 * them, or NULL. Errors: ERR_NOT_FOUND if the table or one of its sets is not there.
 */
int firewall_find_missing(const struct firewall_change *change, char ***ret, struct error *err);

/* Walk the elements of a set. */
static inline const struct nlattr *firewall_first(const struct firewall_elements *elements)
{
	return (const struct nlattr *)(elements->encoded.bytes.data + elements->begin);
}

static inline const struct nlattr *firewall_next(const struct nlattr *element)
{
	return (const struct nlattr *)((const char *)element + NLA_ALIGN(element->nla_len));
}

static inline const struct nlattr *firewall_last(const struct firewall_elements *elements)
{
	return (const struct nlattr *)(elements->encoded.bytes.data + elements->encoded.bytes.len);
}

/* A number that is another one after each change of the packet filter, whoever made it. */
int firewall_generation(uint32_t *ret, struct error *err);
