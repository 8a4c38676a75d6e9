/* SPDX-License-Identifier: Apache-2.0 */
/* The counters of network interfaces, of a process's network namespace. Source: proc_pid_net(5), "dev". */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct interface_direction {
	uint64_t bytes, packets, errors, dropped;
};

struct interface {
	char name[16];
	struct interface_direction received, sent;
};

struct interfaces {
	struct interface *list;
	size_t count;
};

/* All but the loopback. */
int interfaces_read(pid_t pid, struct interfaces *ret, struct error *err);
void interfaces_done(struct interfaces *interfaces);
#define _cleanup_interfaces_ _cleanup_(interfaces_done)
