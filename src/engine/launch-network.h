/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The networks of a container that is about to start, in two steps: first what its monitor has to be given, which are the
 * network namespace and the files that tell of it; then, while the monitor makes the container, all that leads into the
 * namespace. The container's program runs when both are done.
 */
#pragma once

#include "engine/container-row.h"
#include "engine/network-attach.h"

struct launch_network {
	struct container_row row;
	struct endpoint_list endpoints;
	char *resolver;		       /* as its files have it, or NULL */
	struct attachment *attachment; /* what is to be done yet, or NULL */
};
void launch_network_done(struct launch_network *network);
#define _cleanup_launch_network_ _cleanup_(launch_network_done)

/* Set launch->netns, and write the files into its run directory. Errors: as network_attach(). */
int launch_network_begin(struct engine *engine, struct launch *launch, struct launch_network *ret, struct error *err);

/* Errors: as network_plug_in(). */
int launch_network_finish(struct engine *engine, const struct launch *launch, struct launch_network *network,
			  struct error *err);
