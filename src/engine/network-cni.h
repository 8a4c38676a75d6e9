/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers on networks of the Container Network Interface (network/cni.h): `--network cni:NAME`. Such a network is the
 * administrator's: it has no row, and no other one besides it in the container.
 *
 * Invariants:
 *  NC1  What a container has of such a network is a row before the first plugin runs, with all that its removal needs; the
 *       row goes when the last plugin has removed its part. So what a crash leaves is removed by the next command, also after
 *       a restart of the machine, and whatever has become of the configuration.
 *  NC2  A container that has ended does not wait for a plugin that cannot remove its part: that is tried again by each
 *       command that looks after what dead ones left, and before the container is on a network again.
 *  NC3  While a plugin adds, it holds the lock of the container's run directory: if its caller is killed, nobody removes what
 *       it is about to make.
 *  NC4  What plugins have made for a container that runs is as they have made it: they can be asked (CHECK).
 */
#pragma once

#include "engine/engine-internal.h"
#include "engine/network-row.h"

/* What the environment says, or where distributions have them; and for how long a plugin may take. */
const char *network_cni_directory(void); /* COFFER_CNI_CONF_DIR */
const char *network_cni_path(void);	 /* COFFER_CNI_PATH */
int network_cni_timeout_ms(void);	 /* COFFER_CNI_TIMEOUT, "2m" */

/*
 * As network_attach() does: the container's namespace, and the place that it got. Errors: ERR_NET, with what a plugin says as
 * the cause; ERR_PORT_ALLOCATED, ERR_PORT_HOST; ERR_UNSUPPORTED without root.
 */
int network_cni_attach(struct engine *engine, const struct launch *launch, const struct container_config *config,
		       int *ret_netns, struct endpoint_list *ret_endpoints, struct error *err);

/* Have the plugins remove what the container @id has. Nothing to do is no error. */
int network_cni_detach(struct engine *engine, const char *id, struct error *err);

/* The same for all that do not run. What a plugin cannot remove is only said. */
int network_cni_repair(struct engine *engine, struct error *err);
