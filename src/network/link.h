/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links by rtnetlink: bridges on the host's side, pairs of virtual Ethernet devices that lead into containers, addresses
 * and routes. Every socket stands for the network namespace that it was opened in; links are known by their names.
 *
 * Sources: rtnetlink(7), veth(4), Documentation/networking/bridge.rst, Documentation/networking/operstates.rst.
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "network/cidr.h"

enum { MAC_LENGTH = 6, LINK_ALIAS_MAX = 256 };

struct bridge {
	const char *name;
	const char *alias;	       /* for people: what "ip link" shows beside it */
	struct cidr gateway, gateway6; /* its own addresses, with their networks' prefixes; family 0: none */
	unsigned mtu;		       /* 0: the kernel's choice */
};

/*
 * Make it, or mend the one that is there: addresses, alias, up. It is up last, so one that is needs no mending. Errors:
 * ERR_UNSUPPORTED where the kernel has no bridges.
 */
int bridge_make(int rtnl, const struct bridge *bridge, struct error *err);

/*
 * Have the packet filter see what only passes from port to port. It is the kernel's module br_netfilter that shows it.
 * Errors: ERR_UNSUPPORTED where there is none.
 */
int bridge_filter_ports(int rtnl, const char *name, struct error *err);

/* What people see beside its name. */
int link_set_alias(int rtnl, const char *name, const char *alias, struct error *err);

/* One that is not there is removed already. */
int link_remove(int rtnl, const char *name, struct error *err);

struct link {
	int index;
	int master; /* the index of the bridge that it is plugged into, or 0 */
	int peer;   /* of a veth: the index of its other end, in the namespace where that is; else 0 */
	bool is_up;
	char alias[LINK_ALIAS_MAX];
};

/* Errors: ERR_NOT_FOUND. */
int link_look(int rtnl, const char *name, struct link *ret, struct error *err);

/* Returns the index, or -ERR_NOT_FOUND. */
int link_find(int rtnl, const char *name, struct error *err);

/* Plug the link into the bridge, if it is not (@apart as of a veth). One that is not there is none to plug in. */
int link_plug(int rtnl, const char *name, const char *bridge, bool apart, struct error *err);

/* Have its bridge send there what is for @mac, whoever else says to have that. One that is not there has none. */
int link_pin(int rtnl, const char *name, const uint8_t mac[static MAC_LENGTH], struct error *err);

/* How many links are plugged into the bridge of this index. */
int bridge_count_ports(int rtnl, int bridge, struct error *err);

struct veth {
	const char *name;	 /* on the host's side */
	const char *alias;	 /* the container's name */
	const char *bridge;	 /* that it is plugged into */
	const char *inside;	 /* its name in the container: "eth0" */
	int netns;		 /* the container's network namespace */
	uint8_t mac[MAC_LENGTH]; /* of the container's end; all zero: the kernel's choice */
	unsigned mtu;
	bool apart; /* the bridge sends nothing from it to others of that kind */
};

/* Errors: ERR_NOT_FOUND when the bridge is not there; ERR_UNSUPPORTED. */
int veth_make(int rtnl, const struct veth *veth, struct error *err);

struct link_setup {
	const char *name;
	struct cidr address, address6; /* with prefix; family 0: none */
	struct cidr gateway, gateway6; /* of the default routes; family 0: none; all zeroes: on the link itself */
};

/*
 * Give the link its addresses, bring it up, and route through it instead of another. @rtnl: inside of the container's
 * namespace.
 */
int link_configure(int rtnl, const struct link_setup *setup, struct error *err);

/* Bring the loopback interface up. */
int link_loopback_up(int rtnl, struct error *err);

/* Whether a route of this namespace other than the default ones leads to a part of @subnet. 1 or 0. */
int route_overlaps(int rtnl, const struct cidr *subnet, struct error *err);
