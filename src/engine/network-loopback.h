/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Published ports where the packet filter cannot lead to a container: at the host's ::1, from which the kernel sends nothing
 * over a link, and at IPv6 addresses in front of a container that has only one of IPv4. There a relay listens
 * (network/relay.h), in the container's run directory, and goes with that; so one that was left behind by a crash ends when
 * its container is looked after.
 */
#pragma once

#include "engine/engine-internal.h"

/*
 * What the container @id has published there, in place of what was there before: nothing is started where there is no such
 * port, or this host has no ::1. A container runs without it as well: what fails is only said.
 */
void network_loopback_open(struct engine *engine, const char *id);

/* It is gone when this returns. */
void network_loopback_close(struct engine *engine, const char *id);
