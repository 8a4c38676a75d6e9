/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks of the drivers macvlan and ipvlan (network-driver.h), and what the host has of them: the parent. One that is there is
 * somebody's and left alone; a VLAN that is missing ("eth0.50"), or one that leads nowhere where none was named, is
 * made when a container comes, and removed with the network. Its alias says that it is ours.
 */
#pragma once

#include "engine/engine-internal.h"
#include "engine/network-row.h"

/*
 * Whether there can be such a network: its parent, and what others have made of that. Errors: ERR_NET, ERR_BUSY naming the
 * other network.
 */
int network_parent_check(struct db *db, const struct network_record *network, struct error *err);

/* The parent is there and up. @rtnl: of the host. */
int network_parent_bring_up(int rtnl, const struct network_record *network, struct error *err);

/* It goes, if it is ours and nobody else's. */
int network_parent_take_down(struct db *db, int rtnl, const struct network_record *network, struct error *err);
