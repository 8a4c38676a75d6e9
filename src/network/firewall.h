/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet filter: one nftables table of ours with fixed rules, whose sets and maps say everything that changes. A
 * network or a published port is an element, so the thousandth costs what the first did, and nobody else's table is
 * read or written.
 *
 * Invariants:
 *  F1  All that a table holds can be made again from what the engine knows: a table that somebody flushed or removed
 *      (firewall_apply() says ERR_NOT_FOUND) is made anew by firewall_make_table() and filled with everything there is.
 *  F2  What one firewall_apply() changes happens at once or not at all.
 *  F3  The rules are written in one place, firewall-rules.c, and given to nft(8) as text; elements go to the kernel directly,
 *      for starting nft takes longer than starting a container.
 *
 *  F4  An address or a name of a link that is in the guard's sets belongs to one container, or is a network's gateway: what
 *      comes in its name by another link that is guarded is dropped before it is anywhere.
 *
 * Sources: nft(8), linux/netfilter/nf_tables.h, https://wiki.nftables.org ("Concatenations", "Maps", "Sets").
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/netlink.h"
#include "network/cidr.h"

enum { FIREWALL_TABLE_MAX = 32 };

/* Make @table with its rules, empty; one of that name is removed first. It is two: what is a bridge's has to have its own. */
int firewall_make_table(const char *table, struct error *err);

/* How many rules it has then, and how many the guard's. */
size_t firewall_rule_count(void);
size_t firewall_guard_rule_count(void);

/* 1 if @table has them, whatever they say; 0 if somebody has removed it or flushed its rules. */
int firewall_is_whole(const char *table, struct error *err);

/* Whether @table was made without a guard, for this kernel has no packet filter on bridges. */
bool firewall_is_unguarded(const char *table);

/* Have nft(8) do all of @commands or nothing. @table is for the message. */
int firewall_run_nft(const char *commands, const char *table, struct error *err);

int firewall_remove_table(const char *table, struct error *err);

/* What is to become of the table's elements. */
struct firewall_change {
	const char *table;
	bool remove;
	bool unguarded; /* what is the guard's is left out */
	struct netlink_batch batch;
	size_t n_elements;
	int sock; /* of firewall_apply(), or -1 */
};

/* Elements put into it are added, or with @remove taken away. */
void firewall_change_begin(struct firewall_change *change, const char *table, bool remove);
void firewall_change_done(struct firewall_change *change);
#define _cleanup_firewall_change_ _cleanup_(firewall_change_done)

struct firewall_network {
	const char *bridge;
	struct cidr subnet, subnet6; /* family 0: none */
	struct cidr gateway, gateway6;
	bool internal; /* nothing gets in or out but by the host itself */
	bool routed;   /* what leaves keeps its address */
	bool apart;    /* nothing goes from one container to another */
};
void firewall_put_network(struct firewall_change *change, const struct firewall_network *network);

/* Which addresses belong to a link, and to no other. */
struct firewall_place {
	const char *link;
	struct cidr address, address6; /* family 0: none */
	bool guarded;		       /* nothing comes in by it with what is another's */
	bool strict;		       /* nor with anything but what is its own */
};
void firewall_put_place(struct firewall_change *change, const struct firewall_place *place);

/* @links, and no others, are strict. */
void firewall_put_strict(struct firewall_change *change, char *const *links);

struct firewall_port {
	struct cidr host; /* the address on the host; family 0, or all zeroes: each of them, of the container's family */
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
	uint16_t host_port;
	struct cidr container;
	uint16_t container_port;
};
void firewall_put_port(struct firewall_change *change, const struct firewall_port *port);

/*
 * Do it. Errors: ERR_NOT_FOUND if the table or one of its sets is not there; nothing is changed then. What is not there
 * is removed already.
 *
 * @change keeps the socket, for closing it takes as long as the kernel needs to free what was removed (up to tens of
 * milliseconds): who has no time for that takes it over.
 */
int firewall_apply(struct firewall_change *change, struct error *err);
