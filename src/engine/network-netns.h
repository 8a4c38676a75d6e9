/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network namespaces of containers under a name in /run/netns, where ip-netns(8) looks for them: on request only.
 *
 *	/run/netns/NAME			a link to
 *	RUNROOT/containers/ID/netns	a link to the file that the container's monitor holds
 *
 * Both are links and no mounts, so a name keeps no namespace alive, and no mount namespace has a copy of it (N4).
 */
#pragma once

#include "engine/engine-internal.h"

/* Take away the names of the container @id, which has its run directory still. Nothing to do is no error. */
void network_netns_forget(struct engine *engine, const char *id);

/* Those of ours that lead nowhere, as paths. A strv. */
int network_netns_dangling(struct engine *engine, char ***ret, struct error *err);
int network_netns_sweep(struct engine *engine, struct error *err);
