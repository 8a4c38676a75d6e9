/* SPDX-License-Identifier: Apache-2.0 */
/* What the packet filter says of itself: for people who ask why something does not get through. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum firewall_hook { FIREWALL_INPUT = 1, FIREWALL_FORWARD = 2 }; /* as linux/netfilter.h has them */

/*
 * A chain, of any table, that drops what comes to @hook and none of its rules accepts: ours never do that. 1 and
 * "ip filter FORWARD", or 0. free() it. What iptables has of its own (its "legacy" tables) is not seen.
 */
int firewall_find_drop(enum firewall_hook hook, char **ret, struct error *err);

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
