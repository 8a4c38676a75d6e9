/* SPDX-License-Identifier: Apache-2.0 */
/* What the packet filter says of itself: for people who ask why something does not get through. */
#pragma once

#include <stdint.h>

#include "base/error.h"

enum firewall_hook { FIREWALL_INPUT = 1, FIREWALL_FORWARD = 2 }; /* as linux/netfilter.h has them */

/*
 * A chain, of any table, that drops what comes to @hook and none of its rules accepts: ours never do that. 1 and
 * "ip filter FORWARD", or 0. free() it. What iptables has of its own (its "legacy" tables) is not seen.
 */
int firewall_find_drop(enum firewall_hook hook, char **ret, struct error *err);

/*
 * How many packets the rules of @table ("inet", "bridge") with the comment @comment have counted. Errors: ERR_NOT_FOUND where
 * there is no such rule.
 */
int firewall_count(const char *family, const char *table, const char *comment, uint64_t *ret, struct error *err);
