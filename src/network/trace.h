/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a network namespace knows of the way to an address, read from the kernel: its routes, its neighbours, its links, who
 * listens in it. Every socket stands for the namespace that it was opened in.
 *
 * Sources: rtnetlink(7), sock_diag(7), Documentation/networking/ip-sysctl.rst.
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "network/cidr.h"

struct trace_route {
	bool is_local;		     /* the address is one of this namespace's own */
	struct cidr network;	     /* what the route is for; its prefix is 0 for a default route */
	struct cidr gateway, source; /* family 0: none */
	int index;		     /* of the link */
	char device[IFNAMSIZ];
	unsigned mtu; /* of the link, or less where the route says so */
};

/* The way that a packet to @address takes. Errors: ERR_NOT_FOUND where there is none. */
int trace_route(int rtnl, const struct cidr *address, struct trace_route *ret, struct error *err);

struct trace_link {
	char name[IFNAMSIZ];
	unsigned mtu;
	bool is_up;
};

/* Errors: ERR_NOT_FOUND. */
int trace_link(int rtnl, const char *name, struct trace_link *ret, struct error *err);

/* What is known of the neighbour @address: "reachable", "stale", "failed", ...; NULL: nothing, nobody has asked yet. */
int trace_neighbour(int rtnl, int index, const struct cidr *address, const char **ret, struct error *err);

enum trace_listener {
	LISTENER_NONE,
	LISTENER_ELSEWHERE, /* at other addresses only, such as 127.0.0.1 */
	LISTENER_THERE,
};

/* Who listens, in the namespace @netns, to @port of @protocol at @address. *ret_where: for elsewhere, one of them. */
int trace_listener(int netns, uint8_t protocol, const struct cidr *address, uint16_t port, enum trace_listener *ret,
		   struct cidr *ret_where, struct error *err);

/* A socket that listens for connections of TCP, and how many wait to be accepted there. */
struct trace_backlog {
	struct cidr address;
	uint16_t port;
	uint32_t waiting, room;
};

/* Those of the namespace @netns. free() *ret. */
int trace_backlogs(int netns, struct trace_backlog **ret, size_t *ret_count, struct error *err);

/* Whether a TCP connection can be made from the namespace @netns. 1; or 0, with the reason in *ret_errno. */
int trace_connect(int netns, const struct cidr *address, uint16_t port, int *ret_errno, struct error *err);

/* A socket of rtnetlink in the namespace @netns. */
int trace_open(int netns, struct error *err);
