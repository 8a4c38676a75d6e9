/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `network trace` share: the way as far as it is known. */
#pragma once

#include <stdint.h>

#include "engine/container-row.h"
#include "engine/network-row.h"
#include "engine/network-trace.h"
#include "network/trace.h"

/* An address that a container has on one of our networks. */
struct place {
	struct network_record *network; /* NULL: it is none of ours */
	struct endpoint_list list;	/* of that network */
	const struct endpoint *endpoint;
	char *name; /* of the container */
};
void place_done(struct place *place);

/* Whose @address is. 1 or 0. */
int place_find(struct db *db, const struct cidr *address, struct place *ret, struct error *err);

struct walk {
	struct engine *engine;
	struct db *db;
	struct network_trace *trace;

	const char *from;	    /* the container's name */
	int dir;		    /* its run directory */
	int netns, rtnl, host_rtnl; /* rtnl: in its namespace */

	char *host; /* of what was asked for */
	uint16_t port;
	uint8_t protocol; /* 0: without a port */

	struct cidr address;	  /* where its packets go to */
	struct trace_route route; /* the way that they leave it */
	struct cidr target;	  /* and where they arrive, at last: */
	uint16_t target_port;
	bool published;		   /* these differ, because of a published port */
	struct trace_route onward; /* by which it leaves this host, if it does */
	bool to_host;		   /* the target is this host itself */
	struct place begin, end;
	int end_netns; /* of the container there, or -1 */
	char *filter;  /* somebody else's chain that may drop it, or NULL */
	bool by_address; /* nobody in there knows it by its name */
	bool connected;
};

/* Add a step; @source is taken over. */
void walk_add(struct walk *walk, const char *stage, enum trace_result result, char *source, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* It leads nowhere, for that reason; the first one stays. */
void walk_fail(struct walk *walk, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline bool walk_has_failed(const struct walk *walk)
{
	return walk->trace->conclusion;
}

/* "tcp/5432", or "it". Returns @buf. */
enum { WALK_PORT_MAX = 24 };
const char *walk_port(const struct walk *walk, char buf[static WALK_PORT_MAX]);

/* --- network-trace-target.c: to whom --- */
int trace_target(struct walk *walk, struct error *err);
int trace_publication(struct walk *walk, struct error *err);

/* --- network-trace-way.c: which way --- */
int trace_way(struct walk *walk, struct error *err);
int trace_onward(struct walk *walk, struct error *err);
int trace_end(struct walk *walk, struct error *err);
int trace_answer(struct walk *walk, struct error *err);
int trace_attempt(struct walk *walk, struct error *err);

/* --- network-trace-filter.c: who may hold it up --- */
int trace_policies(struct walk *walk, struct error *err);
int trace_filter(struct walk *walk, struct error *err);
