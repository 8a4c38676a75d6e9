/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a container reaches somebody, or does not: every step of the way, each read from where it is decided. Nothing is
 * changed, and nothing is sent but a question to the container's name server, and a connection if that is asked for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"

struct engine;

enum trace_result { TRACE_OK, TRACE_NOTE, TRACE_BAD };

struct trace_step {
	const char *stage; /* "name", "route", ... */
	enum trace_result result;
	char *found;  /* "10.89.1.0/24 dev eth0 src 10.89.1.2" */
	char *source; /* where it was read */
};

struct network_trace {
	struct trace_step *steps;
	size_t n_steps;
	bool reachable;
	char *conclusion; /* "not reachable: policy db denies tcp/5432 from web" */
};
void network_trace_done(struct network_trace *trace);
#define _cleanup_network_trace_ _cleanup_(network_trace_done)

/*
 * From the container @from, which runs, to @to: HOST[:PORT[/PROTOCOL]], where HOST is a container, an alias, an address (in
 * brackets if it is an IPv6 one with a port) or the name of any host. With @connect a TCP connection is tried. Errors:
 * ERR_INVALID for a @to that makes no sense, ERR_NO_CONTAINER, ERR_STATE.
 */
int engine_network_trace(struct engine *engine, const char *from, const char *to, bool connect,
			 struct network_trace *ret, struct error *err);
