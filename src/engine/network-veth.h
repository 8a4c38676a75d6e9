/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The links of containers on the host's side: which of them leads where. `ip link` shows the container's name beside each, as
 * the link's alias.
 */
#pragma once

#include "engine/engine-internal.h"
#include "engine/network-row.h"

struct veth_record {
	char *link; /* on the host's side */
	int index;  /* of that; 0: it is not there */
	int peer;   /* the index of its other end, in the container */
	char *id, *container;
	char *network, *bridge;
	char *interface; /* the name of the other end */
	char *mac;
	struct cidr address, address6; /* family 0: none */
};

struct veth_records {
	struct veth_record *items;
	size_t count;
};
void veth_records_done(struct veth_records *records);
#define _cleanup_veth_records_ _cleanup_(veth_records_done)

/* Of all networks with bridges, in the order of these. */
int engine_network_veths(struct engine *engine, struct veth_records *ret, struct error *err);

/* Have the links of @endpoints show @name. What cannot be done is only said. */
void network_veth_name(struct engine *engine, const struct endpoint_list *endpoints, const char *name);
