/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plugins of the Container Network Interface, run one by one. Who runs them remembers what has been added:
 *
 *	cni_network_find("/etc/cni/net.d", "web", &network, err);	1. (cni-config.h)
 *	cni_find_plugins(network, path, err);				2. all are there, before the first one runs
 *	cni_add(network, 0, &call, &result, err);			3. the first, whose result the next one gets; ...
 *	cni_del(network, &call, result, err);				4. all, the last one first
 *
 * A plugin gets a network namespace by its path. Ours have none, so it is /proc/PID/fd/N of the calling process: it goes
 * with that, whatever happens.
 *
 * Source: CNI specification 1.1, section 2 "Execution Protocol", section 3 "Execution of Network Configurations"; its
 * CONVENTIONS.md for what is in "runtimeConfig".
 */
#pragma once

#include "network/cni-config.h"

/* Capabilities: published ports; addresses, an array of texts; a MAC address. */
#define CNI_PORT_MAPPINGS "portMappings"
#define CNI_IPS "ips"
#define CNI_MAC "mac"

/* The same with each plugin of a container's place on a network; or of a network, where there is no container. */
struct cni_call {
	const char *container;		  /* its id, or NULL */
	const char *interface;		  /* the name of the container's end */
	const char *path;		  /* where plugins are: directories with ':' between them */
	int netns;			  /* the container's network namespace; -1: it is gone */
	/*
	 * What plugins that ask for it get: {"portMappings": [...]}; or NULL. Addresses that none asks for are arguments.
	 */
	struct json_object *capabilities;
	int keep;			  /* a file that each plugin holds open while it runs, or -1 */
	int timeout_ms;			  /* for each plugin, which is killed then; 0: as long as it takes */
};

/*
 * All that follow: ERR_NET, whose cause is what the plugin says; ERR_TIMEOUT for one that was killed because it took too long.
 */

/* Errors: ERR_NET, naming the plugin that is missing. */
int cni_find_plugins(const struct cni_network *network, const char *path, struct error *err);

/*
 * ADD by the plugin @i. *result, NULL for the first one, is what those before it have made; it is replaced by what is
 * there now. json_object_put() it.
 */
int cni_add(const struct cni_network *network, size_t i, const struct cni_call *call, struct json_object **result,
	    struct error *err);

/* DEL by all, the last one first. @result may be NULL. Goes on after an error, and returns the first. */
int cni_del(const struct cni_network *network, const struct cni_call *call, struct json_object *result,
	    struct error *err);

/* CHECK by all, where the version has it and the administrator wants it. */
int cni_check(const struct cni_network *network, const struct cni_call *call, struct json_object *result,
	      struct error *err);

/* STATUS of all, since version 1.1: whether they could ADD. */
int cni_status(const struct cni_network *network, const struct cni_call *call, struct error *err);

/*
 * GC by all, since version 1.1 and if the administrator wants it: they remove what does not belong to @attachments, an array
 * of {"containerID": ..., "ifname": ...}. Goes on after an error, and returns the first.
 */
int cni_gc(const struct cni_network *network, const struct cni_call *call, struct json_object *attachments,
	   struct error *err);
