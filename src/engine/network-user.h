/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The default network of a container whose user is not root of the host's: no bridge, but a way out of its own
 * (network/pasta.h; where there is no pasta, network/slirp.h). From outside it looks as the host does, with the host's addresses; other containers see what it
 * publishes. Networks that people make are bridges: network-own.h.
 */
#pragma once

#include "engine/engine-internal.h"

/* Whether bridges and a packet filter are out of reach: the network namespace that we are in is not our user's. */
bool network_is_of_user(void);

/* Whether such a way out is what the container asks for: then it is on no other network than the default one. */
bool network_user_suffices(const struct container_spec *spec);

/* Errors: ERR_UNSUPPORTED for root, who has no such ways; ERR_INVALID for options that are none. */
int network_user_check(const struct container_spec *spec, struct error *err);

/* The name server of such a container, or NULL: those of the host. free() it. */
char *network_user_resolver(const struct container_spec *spec);

/*
 * As network_attach() does, for a container on the default network: its namespace, which leads out, and its published ports.
 * Errors: ERR_UNSUPPORTED for protocols that cannot be carried.
 */
int network_user_attach(struct engine *engine, const struct launch *launch, const struct container_config *config,
			int *ret_netns, struct error *err);

/* End what network_user_attach() has begun; nothing, where that was not called. */
int network_user_detach(struct engine *engine, const char *id, struct error *err);
