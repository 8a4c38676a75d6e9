/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plugging a container in, and out again. In order: rows (N1), the container's namespace, bridges and its links, the packet
 * filter; and the other way round at the end, when the links are gone with the namespace.
 */
#pragma once

#include "engine/engine-internal.h"
#include "engine/network-row.h"

/* What is to be done yet so that a container has its networks. */
struct attachment;
void attachment_free(struct attachment *attachment);
DEFINE_CLEANUP(struct attachment *, attachment_free);
#define _cleanup_attachment_ _cleanup_(attachment_freep)

/*
 * The network namespace for the container of @launch, which is about to start: a new one that is plugged in as @config asks, or
 * another container's or a given one. *ret_netns is the caller's; the namespace lives as long as somebody holds it.
 * *ret_endpoints are the places that it gets. On failure nothing is left.
 *
 * *ret stays NULL where all is done. Else the namespace is empty yet, and network_plug_in() is called before the container's
 * program runs; others may enter it meanwhile. It refers to @launch, @config and @ret_endpoints.
 *
 * Errors: ERR_NET, ERR_ADDRESS, ERR_PORT_ALLOCATED, ERR_PORT_HOST, and those of what is made.
 */
int network_attach(struct engine *engine, const struct launch *launch, const struct container_config *config,
		   int *ret_netns, struct endpoint_list *ret_endpoints, struct attachment **ret, struct error *err);

/* On failure nothing is left but the namespace. Errors: of what is made. */
int network_plug_in(struct attachment *attachment, struct error *err);

/* Give back what the container @id has. Nothing to do is no error. */
int network_detach(struct engine *engine, const char *id, struct error *err);

/* Remove the bridge of @record, or its parent if that is ours, and what the packet filter knows of it. */
int network_take_down(struct engine *engine, const struct network_record *record, struct error *err);

/* Make the row of the network "bridge" if it is missing. */
int network_ensure_default(struct engine *engine, struct error *err);
