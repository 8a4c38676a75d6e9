/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks: what containers are plugged into. Each is a bridge on the host with a subnet of its own, a row of the database,
 * and elements of the packet filter; or a row and a parent, a link of the host's (network-driver.h). "none" and "host" are
 * words of their own and no rows.
 *
 * The network "bridge" is there without being made: its row comes into being when it is first needed.
 *
 * Invariants:
 *  N1  An address belongs to one container of a network, and a port of the host to one container, by constraints of the
 *      database; they are reserved in one transaction before anything is made in the kernel, and given back after all of
 *      it is gone.
 *  N2  Links and elements of the packet filter can be made again from the rows at any moment: a bridge that somebody
 *      removed, or a table that somebody flushed, is there again after the next start, or the next command that looks
 *      after what dead ones left (engine_reconcile()); so is a single element, after the latter.
 *  N3  Only containers that run have rows of endpoints and ports. What one is to be plugged into when it is started is
 *      in its configuration, which a change of one that runs reaches last.
 *  N4  A name in /run/netns that we have made leads to the namespace of a container that runs, and keeps nothing alive.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "network/cidr.h"

/* Options of a place on a network. */
#define ENDPOINT_NAME_OPTION "com.docker.network.endpoint.ifname" /* of the network interface in the container */
#define ENDPOINT_RATE_OPTION "rate"				  /* both ways: "10mbit" (network/shape.h) */
#define ENDPOINT_WAY_OPTION "way"				  /* "pasta", "slirp4netns:mtu=1500": network-user.h */

struct endpoint_request;
struct engine;
struct json_object;

#define NETWORK_DEFAULT_NAME "bridge"
#define DEFAULT_ROOT LOCALSTATEDIR "/lib/coffer" /* where the fixed names are used: coffer0 and the table "coffer" */

/* What a person asks for; zero-initialised is "choose yourself". */
struct network_request {
	const char *name, *driver;				/* driver NULL: bridge */
	char *const *subnets, *const *gateways, *const *ranges; /* CIDRs and addresses of either family */
	char *const *auxiliary;					/* "NAME=ADDRESS" */
	bool ipv6, internal;
	char *const *options; /* "com.docker.network.driver.mtu=1400" */
	char *const *labels;
};

/* With which addresses containers may send. */
enum network_spoof {
	SPOOF_UNOWNED, /* their own, and those that nobody was given; while there are policies, their own */
	SPOOF_ALLOW,   /* all */
	SPOOF_DENY,    /* their own */
};

/* How the world reaches containers of a bridge, and in whose name they reach the world. */
enum network_gateway {
	GATEWAY_NAT,		 /* by ports of the host; in the host's */
	GATEWAY_ROUTED,		 /* by their own addresses, where a port is published; in their own */
	GATEWAY_NAT_UNPROTECTED, /* by ports of the host, and by all of their own; in the host's */
};

struct network_record {
	char *id, *name, *driver;
	char *bridge;			       /* or, of another driver, what its own parent is called if it has one */
	struct cidr subnet, gateway, range;    /* gateway with the subnet's prefix; range family 0: all of it */
	struct cidr subnet6, gateway6, range6; /* family 0: no IPv6 */
	char **auxiliary;		       /* "NAME=ADDRESS": somebody else's on that network */
	bool internal;
	bool unmasked; /* what leaves keeps its address, whatever the gateway */
	unsigned mtu; /* 0: the kernel's choice */
	char **options, **labels;
	int64_t created_at; /* ns */

	/* What the options say besides (network-driver.h). */
	char *parent;	      /* NULL: none was named */
	char *prefix;	      /* of the names of interfaces in containers; NULL: "eth" */
	unsigned mode, flags; /* of macvlan and ipvlan, as the kernel has them */
	enum network_gateway gateway_mode, gateway_mode6;
	struct cidr binding;  /* of the host, for ports that are published without an address; family 0: each */
	bool apart;	      /* containers do not reach each other */
	enum network_spoof spoof;
};
void network_record_free(struct network_record *record);
DEFINE_CLEANUP(struct network_record *, network_record_free);
#define _cleanup_network_ _cleanup_(network_record_freep)

/* Errors: ERR_EXISTS, ERR_INVALID, ERR_NET for a subnet that overlaps another one (saying which). */
int engine_network_create(struct engine *engine, const struct network_request *request, struct network_record **ret,
			  struct error *err);

/* By name, id or unique prefix of an id. Errors: ERR_NET ("network x not found"). */
int engine_network_find(struct engine *engine, const char *name, struct network_record **ret, struct error *err);

/*
 * By name, with the default one, with "host" and "none", whose drivers are "host" and "null", and with those of the Container
 * Network Interface ("cni"). free() the array and network_record_free() what is in it.
 */
int engine_network_list(struct engine *engine, struct network_record ***ret, size_t *ret_count, struct error *err);

/* Errors: ERR_NET, ERR_BUSY for one with running containers (naming them), ERR_INVALID for the default one, unless coffer.conf wants another. */
int engine_network_remove(struct engine *engine, const char *name, struct error *err);

/* Whether it is there without having been made. */
bool network_is_builtin(const struct network_record *record);

/* Whether no container that runs is on it. 1 or 0. */
int engine_network_is_dangling(struct engine *engine, const struct network_record *record, struct error *err);

/*
 * Plug a container, running or not, into one more network, as @request says. Errors: ERR_EXISTS if it is on it already;
 * ERR_NET for one that shares somebody's network; ERR_ADDRESS, and those of what is made.
 */
int engine_network_connect(struct engine *engine, const char *container, const struct endpoint_request *request,
			   struct error *err);

/* Errors: ERR_NET if it is not on it; with @force what is left of it is removed. */
int engine_network_disconnect(struct engine *engine, const char *container, const char *network, bool force,
			      struct error *err);

/*
 * Have the plugins of the network "cni:NAME" remove what belongs to no container of ours. Errors: ERR_NET, ERR_TIMEOUT, and
 * ERR_UNSUPPORTED for plugins that cannot.
 */
int engine_network_gc(struct engine *engine, const char *name, struct error *err);

/*
 * Give the network namespace of a container that runs a name in /run/netns, where ip-netns(8) finds it until the container
 * ends: @name, or NULL for the container's. *ret is the path; free() it. Errors: ERR_EXISTS; ERR_INVALID for a container
 * on the host's network; ERR_UNSUPPORTED without root.
 */
int engine_network_netns(struct engine *engine, const char *container, const char *name, char **ret, struct error *err);

/* Take its names away. */
int engine_network_netns_remove(struct engine *engine, const char *container, struct error *err);

/* A published port of a running container; or, with host_port 0, one that is only exposed. */
struct port_binding {
	char host[CIDR_TEXT_MAX]; /* "0.0.0.0", "::" */
	uint16_t host_port, container_port;
	const char *protocol; /* "tcp" */
};

/* By container's port. free() the array. Errors: ERR_NO_CONTAINER. */
int engine_container_ports(struct engine *engine, const char *name, struct port_binding **ret, size_t *ret_count,
			   struct error *err);

/* Docker's document. json_object_put() it. */
int engine_network_inspect(struct engine *engine, const char *name, struct json_object **ret, struct error *err);
