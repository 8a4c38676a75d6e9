/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Published ports of containers on bridges that are not where the host's ports are (network-own.h): each has a relay
 * (network/relay.h) in its run directory. Root's are the packet filter's alone, and nothing here does anything then.
 */
#pragma once

#include "engine/engine-internal.h"
#include "engine/network-row.h"

/* All of one container's. Errors: ERR_UNSUPPORTED for what cannot be relayed; what listening says. */
int relay_open(struct engine *engine, const struct published_list *ports, struct error *err);

/* Of whichever containers. */
void relay_close(struct engine *engine, const struct published_list *ports);

/* What a relay is told of them; strv_free() it. Errors: ERR_UNSUPPORTED. */
int relay_make_rules(const struct published_list *ports, char ***ret, struct error *err);

/* Those that somebody has ended. */
int relay_repair(struct engine *engine, struct error *err);
