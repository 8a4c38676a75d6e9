/* SPDX-License-Identifier: Apache-2.0 */
/* Events of networks: create, destroy, connect, disconnect. */
#pragma once

#include "engine/engine.h"
#include "engine/network.h"

/* @container is the id of the one that comes or goes, or NULL. */
void network_event(struct engine *engine, const struct network_record *network, const char *action,
		   const char *container);
