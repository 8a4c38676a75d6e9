/* SPDX-License-Identifier: Apache-2.0 */
/* Which subnet a network gets, and which address of it a container. */
#pragma once

#include "engine/network-row.h"

/*
 * Whether @subnet is free for a network: no other network of ours is there, and with @routes no route of the host leads there.
 * Errors: ERR_NET, saying what is in the way.
 */
int subnet_check(struct db *db, const struct cidr *subnet, bool routes, struct error *err);

/* A private subnet that is free. */
int subnet_choose(struct db *db, struct cidr *ret, struct error *err);

/* A unique local one, random (RFC 4193). */
struct cidr subnet6_choose(void);

/*
 * Insert @endpoint with the next address of its network, or with the one that it has. Inside of a transaction. Errors:
 * ERR_ADDRESS.
 */
int address_reserve(struct db *db, const struct network_record *network, struct endpoint *endpoint, struct error *err);
