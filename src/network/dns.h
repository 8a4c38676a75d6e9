/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name server of a network: dnsmasq, on the network's bridge alone; or of a container that is on several, in its
 * network namespace. Everything that it needs is in a directory of its own.
 *
 * Invariants:
 *  D1  It is found again by the directory: the pid in it counts only for a process whose command line names the directory,
 *      so neither a crash of ours nor a pid that was reused leads to somebody else.
 *  D2  It runs as dnsmasq's own user, for which the directories above are closed. In its mount namespace its directory
 *      is /run, and of the host's sockets there it sees none.
 *
 * Callers see to it that one of them at a time changes a directory. Source: dnsmasq(8).
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct dns {
	const char *directory; /* absolute; made if it is missing, mode 0755 */
	const char *bridge;    /* whose addresses it listens on; NULL: at DNS_ADDRESS, in this one: */
	int netns;	       /* a network namespace, or -1 for ours */
	const char *hosts;    /* as in hosts(5) */
	const char *dotted;   /* a line for each name with a dot that is answered here alone */
	const char *upstream; /* as in resolv.conf(5); NULL: nobody else is asked */
};

#define DNS_ADDRESS "127.0.0.11" /* as Docker's */

/* Serve this from now on: it is started, or told to read anew. Errors: ERR_UNSUPPORTED where there is no dnsmasq. */
int dns_serve(const struct dns *dns, struct error *err);

/* Whether the one of this directory runs. */
bool dns_is_running(const char *directory);

/* End it, and remove the directory. One that is not there is no error. */
int dns_stop(const char *directory, struct error *err);
