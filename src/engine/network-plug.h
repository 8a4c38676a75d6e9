/* SPDX-License-Identifier: Apache-2.0 */
/* A container's places on networks in the kernel: links, addresses, routes. */
#pragma once

#include "engine/container-config.h"
#include "engine/network-row.h"
#include "network/netns.h"

/*
 * Which of the networks leads out of the container: the highest priority, and among equals one that leads out at all, and
 * then the first by its name, as with Docker. @networks has one for each of @endpoints. Returns its place, or -1.
 */
int network_way_out(const struct container_spec *spec, struct network_record *const *networks,
		    const struct endpoint_list *endpoints);

/*
 * Where published ports lead: to the place by which the container's own packets leave, for answers go there; the first one if
 * they do not. -1 where this host has no part in that one's network (network-driver.h).
 */
int network_way_in(struct network_record *const *networks, const struct endpoint_list *endpoints, int way_out);

/* Tell who asked for published ports that there are none, for the way out is @network. */
void network_say_unpublished(const struct container_spec *spec, const struct network_record *network);

/*
 * Plug @endpoint in, whose container is called @name and has the namespace @netns, into its network, which is up
 * (network-bridge.h). @rtnl: of the host. With @leads_out the default routes go there.
 */
int network_plug(int rtnl, const struct netns *netns, const struct network_record *network,
		 const struct endpoint *endpoint, const char *name, bool leads_out, struct error *err);

/* Unless the network lets containers forge addresses: what is for the MAC address of @endpoint, which is on a bridge, goes there. */
int network_pin(int rtnl, const struct network_record *network, const struct endpoint *endpoint, struct error *err);

/* The other way round. What is not there need not be removed. */
int network_unplug(int rtnl, const struct netns *netns, const struct network_record *network,
		   const struct endpoint *endpoint, struct error *err);

/*
 * Limit what goes through it, if @request says so: at either end what that one sends, so the container's own end is the one
 * that a container with CAP_NET_ADMIN can free. Errors: ERR_UNSUPPORTED where the host has no end.
 */
int network_shape(int rtnl, const struct netns *netns, const struct network_record *network,
		  const struct endpoint *endpoint, const struct endpoint_request *request, struct error *err);

/* Let the default routes of one that is plugged in lead there. */
int network_lead_out(const struct netns *netns, const struct network_record *network, const struct endpoint *endpoint,
		     struct error *err);
