/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network namespaces by file descriptors: none has a name that could be left behind. One lives as long as somebody is in
 * it or holds such a descriptor.
 *
 * Source: network_namespaces(7), setns(2).
 */
#pragma once

#include <stdbool.h>

#include "base/cleanup.h"
#include "base/error.h"

struct netns {
	int fd;	   /* of the namespace */
	int rtnl;  /* a rtnetlink socket inside */
	bool ipv6; /* whether interfaces that come into it may have IPv6 addresses, as far as we know */
};
#define NETNS_NONE ((struct netns){ .fd = -1, .rtnl = -1 })

/*
 * Make one, with its loopback interface up. @ipv6: whether interfaces in it may have IPv6 addresses. The calling thread is
 * in the new one for a moment: call it before there are others.
 */
int netns_make(bool ipv6, struct netns *ret, struct error *err);

/*
 * The same for who may not come back, since the network namespace that we are in is not our user namespace's, or with
 * @user_namespace (or -1) as the one that it is to belong to: a process goes there in our place.
 */
int netns_make_apart(int user_namespace, bool ipv6, struct netns *ret, struct error *err);

/* One that is there. Takes @fd over, whatever comes of it. */
int netns_open(int fd, struct netns *ret, struct error *err);

/* Let the interface called @name have IPv6 addresses, in a namespace that was made without. As netns_make() in threads. */
int netns_allow_ipv6(const struct netns *netns, const char *name, struct error *err);
void netns_done(struct netns *netns);
#define _cleanup_netns_ _cleanup_(netns_done)
