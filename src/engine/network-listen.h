/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who listens at published ports. The packet filter sends what comes to them on to the container before any socket hears of
 * it; but a port that nobody holds is anybody's, who then listens and is never reached. And there are ways that the packet
 * filter cannot lead: from the host's ::1, from where the kernel sends nothing over a link, and from IPv6 addresses to a
 * container that has only one of IPv4. So the monitor listens, and has a relay (network/relay.h) when somebody comes. What a
 * container comes to publish while it runs has a relay in its run directory, which goes with that; so one that was left
 * behind by a crash ends when its container is looked after.
 *
 * A port that is published at no address in particular has one socket for both families.
 */
#pragma once

#include "engine/engine-internal.h"

/*
 * At what the container @id has published, in place of what was there before. A container runs without it as well: what
 * fails is only said. SCTP is the packet filter's alone.
 */
void network_listen_open(struct engine *engine, const char *id);

/*
 * The same for a container that is about to start, whose monitor gets the sockets and does the rest: *ret_rules are for its plan,
 * *ret_sockets[] theirs, as many as there are rules. More ports than a monitor takes get a relay at once.
 */
void network_listen_start(struct engine *engine, const char *id, char ***ret_rules, int ret_sockets[MONITOR_RELAY_MAX]);

/* It is gone when this returns. */
void network_listen_close(struct engine *engine, const char *id, bool runs);

/* As network_listen_open(), if nobody listens at one of them: whoever was killed between the two has left it so. */
void network_listen_mend(struct engine *engine, const char *id);
