/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has been counted on a container's ways: in its namespace, on the host's side of its links, by the packet filter's
 * rules that drop, and by connection tracking. What the kernel does not count is left out.
 *
 * Sources: proc_pid_net(5), Documentation/networking/snmp_counter.rst, nf_conntrack-sysctl.rst; sock_diag(7).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

struct engine;

enum counter_kind {
	COUNTER_AMOUNT, /* of what has come and gone, or is there */
	COUNTER_LOSS,	/* of what should have come, and has not: not 0 is worth a look */
};

struct network_counter {
	char *where;	  /* "eth0", "tcp", "listener 0.0.0.0:80" */
	const char *name; /* "received bytes" */
	enum counter_kind kind;
	uint64_t value, limit; /* limit 0: it has none */
	char *source;
};

struct network_counters {
	struct network_counter *list;
	size_t count;
};
void network_counters_done(struct network_counters *counters);
#define _cleanup_network_counters_ _cleanup_(network_counters_done)

/* Whether it is one to look at: a loss, or four fifths of its limit are used. */
bool network_counter_is_noted(const struct network_counter *counter);

/* Of a container that runs. Errors: ERR_NO_CONTAINER, ERR_STATE. */
int engine_network_counters(struct engine *engine, const char *container, struct network_counters *ret,
			    struct error *err);
