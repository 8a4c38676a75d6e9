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

#include "base/error.h"
#include "network/cidr.h"
#include "network/firewall-change.h"

enum { FIREWALL_TABLE_MAX = 32 };

/* Make @table with its rules, empty; one of that name is removed first. It is two: what is a bridge's has to have its own. */
int firewall_make_table(const char *table, struct error *err);

/* How many rules it has then, and how many the guard's. */
size_t firewall_rule_count(void);
size_t firewall_guard_rule_count(void);

/* How many a table of @family (NFPROTO_INET, ...) has; none if it is not there. */
int firewall_count_rules(uint8_t family, const char *table, size_t *ret, struct error *err);

/* 1 if @table has them, whatever they say; 0 if somebody has removed it or flushed its rules. */
int firewall_is_whole(const char *table, struct error *err);

/* Whether @table was made without a guard, for this kernel has no packet filter on bridges. */
bool firewall_is_unguarded(const char *table);

/* Have nft(8) do all of @commands or nothing. @table is for the message. */
int firewall_run_nft(const char *commands, const char *table, struct error *err);

int firewall_remove_table(const char *table, struct error *err);

struct firewall_network {
	const char *bridge;
	struct cidr subnet, subnet6; /* family 0: none */
	struct cidr gateway, gateway6;
	bool internal;			/* nothing gets in or out but by the host itself */
	bool unmasked, unmasked6;	/* what leaves keeps its address */
	bool pinged, pinged6;		/* the world may ask each address whether it is there (ICMP) */
	bool unprotected, unprotected6; /* the world may reach each port */
	bool apart;			/* nothing goes from one container to another */
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

/* An address into a set of the family inet. */
void firewall_put_address(struct firewall_change *change, const char *set, const struct cidr *address);

/* A protocol's port into a set of the family inet. */
void firewall_put_service(struct firewall_change *change, const char *set, uint8_t protocol, uint16_t port);

struct firewall_port {
	struct cidr host; /* the address on the host; family 0, or all zeroes: each of them, of the container's family */
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
	uint16_t host_port;
	struct cidr container;
	uint16_t container_port;
};
void firewall_put_port(struct firewall_change *change, const struct firewall_port *port);

/* A port that is reached at the container's own address. */
void firewall_put_opening(struct firewall_change *change, const struct cidr *address, uint8_t protocol, uint16_t port);

/* --- firewall-others.c --- */

/*
 * Whether another table like @own, a root's that works beside ours, sends @port at @host (family 0: at each address, with
 * @both of either family, else of IPv4) on to a container. 1 and the table's name, which the caller frees; or 0.
 */
int firewall_find_other(const char *own, const struct cidr *host, bool both, uint8_t protocol, uint16_t port,
			char **ret, struct error *err);
