/* SPDX-License-Identifier: Apache-2.0 */
/* What the host has of networks, as it should be: bridges, what is plugged into them, the packet filter, name servers. */
#pragma once

#include "engine/engine-internal.h"
#include "engine/network-row.h"

/*
 * The bridge of @network is there and up, with all that run on it plugged in, and the host sends on what it has to.
 * @rtnl: of the host.
 */
int network_bring_up(struct engine *engine, struct db *db, int rtnl, const struct network_record *network,
		     struct error *err);

/*
 * Make again what somebody has taken away from under containers that run (N2), and remove what a command that was killed
 * has left.
 */
int network_repair(struct engine *engine, struct error *err);
