/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flows that the kernel remembers. Where one was sent to when it began, all of its packets go, whatever the packet filter's
 * maps say since then. A connection ends by itself; datagrams, which somebody may go on sending, do not.
 *
 * Source: linux/netfilter/nfnetlink_conntrack.h; https://conntrack-tools.netfilter.org.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "network/cidr.h"

/*
 * Forget the flows of @protocol to @port of this host, at @host (family 0 or all zeroes: at each of its addresses), of the
 * family @family. All that the kernel remembers is looked at.
 */
int conntrack_forget(uint8_t protocol, const struct cidr *host, uint16_t port, sa_family_t family, struct error *err);

/*
 * All flows with one of these addresses at an end; those without a family are none. The kernel lists what it remembers once for
 * each family that is among them. They are sorted.
 */
int conntrack_forget_addresses(struct cidr *addresses, size_t count, struct error *err);
