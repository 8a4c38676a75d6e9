/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container gets of its networks: rows, made inside of a transaction before anything is made in the kernel (N1).
 */
#pragma once

#include "engine/container-config.h"
#include "engine/network-row.h"

/*
 * The place on @network for container @id that @request asks for, in the container called eth@number. Errors: ERR_ADDRESS,
 * ERR_INVALID.
 */
int reserve_endpoint(struct db *db, const char *id, const struct network_record *network,
		     const struct endpoint_request *request, unsigned number, struct endpoint *ret, struct error *err);

/*
 * The ports that @config publishes, all of which lead to @endpoint, on @network (NULL: none of ours). @table: see
 * port_reserve(). Errors: ERR_PORT_ALLOCATED, ERR_PORT_HOST.
 */
int reserve_ports(struct db *db, const char *table, const char *id, const struct container_config *config,
		  const struct network_record *network, const struct endpoint *endpoint, struct published_list *ret,
		  struct error *err);

/* The same ports of the host as in @before (none of which is published_is_opening()), which the container has already, with @endpoint behind them. */
int reserve_ports_again(struct db *db, const char *id, const struct published_list *before,
			const struct endpoint *endpoint, struct published_list *ret, struct error *err);
