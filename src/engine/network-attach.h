/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plugging a container in, and out again. In order: rows (N1), bridges, the container's namespace and its links, the packet
 * filter; and the other way round at the end, when the links are gone with the namespace.
 */
#pragma once

#include "engine/engine-internal.h"
#include "engine/network-row.h"

/*
 * The network namespace for the container of @launch, which is about to start: a new one that is plugged in as @config asks, or
 * another container's or a given one. *ret_netns is the caller's; the namespace lives as long as somebody holds it.
 * *ret_endpoints are the places that it got. On failure nothing is left.
 *
 * Errors: ERR_NET, ERR_ADDRESS, ERR_PORT_ALLOCATED, ERR_PORT_HOST, and those of what is made.
 */
int network_attach(struct engine *engine, const struct launch *launch, const struct container_config *config,
		   int *ret_netns, struct endpoint_list *ret_endpoints, struct error *err);

/* Give back what the container @id has. Nothing to do is no error. */
int network_detach(struct engine *engine, const char *id, struct error *err);

/* Remove the bridge of @record, or its parent if that is ours, and what the packet filter knows of it. */
int network_take_down(struct engine *engine, const struct network_record *record, struct error *err);

/* Make the row of the network "bridge" if it is missing. */
int network_ensure_default(struct engine *engine, struct error *err);
