/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bridges of who is not root of the host's network: they are in a network namespace of his own, together with their packet
 * filter and name servers, and a process (network-way.h) carries to the world what leaves them. From inside it is as for
 * root; from outside nothing reaches it but over ports that a relay (network/relay.h) listens on.
 *
 *	RUNROOT/own-network		locked: shared by who works in the namespace, alone by who ends it
 *	RUNROOT/own-network/bridges	the namespace, bound there in the mount namespace of all the user's commands
 *	RUNROOT/own-network/netns, ...	of the way out
 *
 * Invariants:
 *  NO1 It is there as long as a container is plugged in: its maker and its last user look at the rows of endpoints, each
 *      under the lock.
 *  NO2 Nothing of it outlives the user's mount namespace but the way out, which the next one who comes ends.
 */
#pragma once

#include "engine/engine-internal.h"
#include "network/netns-work.h"

/*
 * Do @work where the bridges are: root does it where he is. @leads_out: whether it needs a way to the world, too.
 * It may be called by such work, which is there already.
 */
int network_own_work(struct engine *engine, bool leads_out, netns_work_function work, void *argument,
		     struct error *err);
