/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links that stand on another one, their parent: macvlan and ipvlan, which lead from a container straight to where the parent
 * leads, and VLANs. And links that lead nowhere, as parents of what is to stay among itself.
 *
 * Sources: rtnetlink(7), Documentation/networking/ipvlan.rst, drivers/net/macvlan.c, IEEE 802.1Q.
 */
#pragma once

#include <stdint.h>

#include "network/link.h"

enum { VLAN_ID_MAX = 4094 };

struct stacked {
	const char *kind;	 /* "macvlan", "ipvlan" */
	const char *parent;	 /* on the host */
	const char *inside;	 /* its name in the container: "eth0" */
	int netns;		 /* the container's network namespace */
	unsigned mode;		 /* MACVLAN_MODE_, IPVLAN_MODE_ */
	unsigned flags;		 /* IPVLAN_F_ */
	uint8_t mac[MAC_LENGTH]; /* of macvlan; all zero: the kernel's choice */
	unsigned mtu;		 /* 0: the parent's */
};

/*
 * Make it, in the container. Errors: ERR_NOT_FOUND when the parent is not there; ERR_BUSY when it is used in another way, as
 * part of a bridge or by links of another kind or mode; ERR_UNSUPPORTED.
 */
int stacked_make(int rtnl, const struct stacked *stacked, struct error *err);

/* Make the VLAN @id of @parent, called @name, and bring it up; one that is there is only brought up. */
int vlan_make(int rtnl, const char *name, const char *alias, const char *parent, unsigned id, struct error *err);

/* The same with one that leads nowhere. */
int dummy_make(int rtnl, const char *name, const char *alias, struct error *err);

/* "eth0.50": the name of its parent, and its number. False if that is no name of a VLAN. */
bool vlan_parse(const char *name, char parent[IFNAMSIZ], unsigned *ret_id);
