/* SPDX-License-Identifier: Apache-2.0 */
/* What the packet filter says of itself: for people who ask why something does not get through. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

enum firewall_hook { FIREWALL_INPUT = 1, FIREWALL_FORWARD = 2 }; /* as linux/netfilter.h has them */

/*
 * A chain of another program's table that drops what comes to a hook and none of its rules accepts: ours never do that. Each
 * table has a say, so what ours accepts has to pass there as well. What iptables has of its own (its "legacy" tables) is not
 * seen.
 */
struct firewall_drop {
	char *chain;	   /* "ip filter FORWARD" */
	const char *owner; /* "Docker", "ufw", "firewalld", or "somebody else" */
	bool named;	   /* some rule of that table names the bridge: perhaps to accept */
	char *remedy;	   /* what to type so that it accepts; NULL where it may do so already */
};
void firewall_drop_done(struct firewall_drop *drop);
#define _cleanup_firewall_drop_ _cleanup_(firewall_drop_done)

/* 1 and *ret, or 0. @bridge: through which it goes, or NULL. */
int firewall_find_drop(enum firewall_hook hook, const char *bridge, struct firewall_drop *ret, struct error *err);

/* How many packets the rules of a table with one comment have counted. */
struct firewall_counter {
	const char *comment;
	bool is_there; /* such a rule */
	uint64_t packets;
};

/* Fill in the rest of @counters, of @table in @family ("inet", "bridge"), which is read once. */
int firewall_read_counters(const char *family, const char *table, struct firewall_counter *counters, size_t count,
			   struct error *err);

/* One of them. Errors: ERR_NOT_FOUND where there is no such rule. */
int firewall_count(const char *family, const char *table, const char *comment, uint64_t *ret, struct error *err);
