/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Published ports, as `-p` has them: [HOST-ADDRESS:][HOST-PORT[-END]:]PORT[-END][/PROTOCOL]. Of a range in front of one port
 * the first that is free is taken.
 *
 * Source: the behaviour of docker 28 (`docker run --publish`).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "network/cidr.h"

struct port {
	struct cidr host;   /* family 0: each address of the host */
	uint16_t host_port; /* 0: one that is free, of those that follow */
	uint16_t first, last; /* 0: of all that the kernel gives */
	uint16_t container_port;
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
};

struct port_list {
	struct port *items;
	size_t count;
};
void port_list_done(struct port_list *list);
#define _cleanup_port_list_ _cleanup_(port_list_done)

/* Append what @text publishes, one for each port of a range. Errors: ERR_INVALID, with Docker's words. */
int port_parse(const char *text, struct port_list *list, struct error *err);

/* Append what "8080/tcp" or "7000-7010/udp" exposes: ports of the container without any of the host. */
int port_parse_exposed(const char *text, struct port_list *list, struct error *err);

const char *port_protocol_name(uint8_t protocol);

/* "80/tcp": the container's side of it. free() it. */
char *port_text(const struct port *port);

/*
 * Whether the host has @port free, with @both at its IPv6 addresses as well if none is named; a host_port of 0 becomes one
 * that is. @table is the packet filter's table that is ours (NULL: nobody asks which others there are). Errors: ERR_PORT_HOST,
 * whose cause names the process that has it; ERR_PORT_ALLOCATED, whose cause names the table of a root that has it.
 */
int port_reserve(struct port *port, bool both, const char *table, struct error *err);
