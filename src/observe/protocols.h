/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The counters of a network namespace's protocols, as the kernel's tables have them.
 *
 * Sources: proc_pid_net(5); net/ipv4/proc.c; Documentation/networking/snmp_counter.rst; net/netfilter/nf_conntrack_standalone.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Of /proc/PID/net/snmp and netstat: a line "Tcp: RtoMin RetransSegs ..." with names, and one "Tcp: 200 3 ..." with their
 * values. Negative values count as none.
 */
bool protocol_counter(const char *table, const char *protocol, const char *name, uint64_t *ret);

/* Of /proc/PID/net/sockstat: "TCP: inuse 5 orphan 0". */
bool socket_counter(const char *table, const char *protocol, const char *name, uint64_t *ret);

/* Of /proc/PID/net/stat/nf_conntrack: the sum of a column, in which each processor has a hexadecimal number. */
bool conntrack_counter(const char *table, const char *name, uint64_t *ret);
