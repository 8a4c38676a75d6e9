/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Published ports where the packet filter cannot lead to a container: at the host's ::1, from which the kernel sends nothing
 * over a link, and at IPv6 addresses in front of a container that has only one of IPv4. There its monitor listens, and has a
 * relay (network/relay.h) when somebody comes. What a container comes to publish while it runs has a relay in its run
 * directory, which goes with that; so one that was left behind by a crash ends when its container is looked after.
 */
#pragma once

#include "engine/engine-internal.h"

/*
 * What the container @id has published there, in place of what was there before: nothing is started where there is no such
 * port, or this host has no ::1. A container runs without it as well: what fails is only said.
 */
void network_loopback_open(struct engine *engine, const char *id);

/*
 * The same for a container that is about to start, whose monitor gets the sockets and does the rest: *ret_rules are for its plan,
 * *ret_sockets[] theirs, as many as there are rules. More ports than a monitor takes get a relay at once.
 */
void network_loopback_listen(struct engine *engine, const char *id, char ***ret_rules,
			     int ret_sockets[MONITOR_RELAY_MAX]);

/* It is gone when this returns. */
void network_loopback_close(struct engine *engine, const char *id, bool runs);

/* As network_loopback_open(), if nobody listens at one of them: whoever was killed between the two has left it so. */
void network_loopback_mend(struct engine *engine, const char *id);
