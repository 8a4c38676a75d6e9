/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container reads at /etc/hostname, /etc/hosts and /etc/resolv.conf, in the words that Docker writes. The texts
 * are made here; whoever keeps the container's files writes them there.
 *
 * A container with the host's network namespace gets copies of the host's files, for they are true there. One with a
 * namespace of its own gets the names of its own loopback, and name servers without those on the host's loopback, which
 * it cannot reach: where none is left, those that Docker takes then, and it is said.
 *
 * Sources: hosts(5), resolv.conf(5), hostname(5).
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

enum { NETWORK_FILE_MAX = 1 << 20 }; /* bytes of a file of the host that is copied */

struct network_files {
	char *hostname, *hosts, *resolv_conf;
};

struct network_files_request {
	const char *hostname;
	const char *domainname; /* behind the hostname, in hosts; may be NULL */
	bool host_network;	  /* the container shares the host's network namespace */
	char *const *addresses;	  /* its own, for hosts */
	char *const *extra_hosts; /* "name:address", "name=address"; the address may be "host-gateway": */
	const char *host_gateway; /* by which the container reaches the host; NULL: by none */
	const char *resolver;	  /* the network's own name server, which is asked instead of all others; may be NULL */
	char *const *dns, *const *dns_search, *const *dns_options; /* instead of what the host has */
};

/* A file that the host does not have is empty. Errors: ERR_INVALID for an extra host that is none. */
int network_files_make(const struct network_files_request *request, struct network_files *ret, struct error *err);
void network_files_done(struct network_files *files);
#define _cleanup_network_files_ _cleanup_(network_files_done)

/* "web", or "web.example.org web" for one that is in a domain. free() it. */
char *network_own_names(const char *hostname, const char *domainname);

/* @hosts with other addresses for @names, and all else as it is. free() it. */
char *network_change_hosts(const char *hosts, const char *names, char *const *addresses);

/*
 * Whom a name server for containers asks: @dns, and then those that the host has; with @on_host, which says that it is in the
 * host's network namespace, also those on the host's loopback. *ret has only nameserver lines.
 */
int network_upstream_resolv_conf(char *const *dns, bool on_host, char **ret, struct error *err);

/* The lines of a host's resolv.conf that mean something in another network namespace. free() it. */
char *network_filter_resolv_conf(const char *text);
