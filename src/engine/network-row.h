/* SPDX-License-Identifier: Apache-2.0 */
/* Networks, endpoints and published ports as the database has them. */
#pragma once

#include "engine/db.h"
#include "engine/engine.h"
#include "engine/network.h"
#include "engine/port.h"

/* Errors: ERR_EXISTS for a name or a bridge that is taken. */
int network_row_insert(struct db *db, const struct network_record *record, struct error *err);

/* 1 and the record, or 0. By its name alone. */
int network_row_load(struct db *db, const char *name, struct network_record **ret, struct error *err);

/* The name that @text means: a name, an id, or the beginning of one; 1 or 0. Errors: ERR_INVALID for several. */
int network_row_find(struct db *db, const char *text, char **ret_name, struct error *err);
int network_row_list(struct db *db, struct network_record ***ret, size_t *ret_count, struct error *err);
int network_row_delete(struct db *db, const char *name, struct error *err);

/* A container's place on a network. */
struct endpoint {
	char *container, *network;
	char *link;	 /* on the host's side */
	char *interface; /* in the container */
	char *mac;
	struct cidr address, address6; /* with prefix; family 0: none */
	char **aliases;
};
void endpoint_done(struct endpoint *endpoint);

struct endpoint_list {
	struct endpoint *items;
	size_t count;
};
void endpoint_list_done(struct endpoint_list *list);
#define _cleanup_endpoint_list_ _cleanup_(endpoint_list_done)

/* Errors: ERR_EXISTS for an address that is taken. */
int endpoint_row_insert(struct db *db, const struct endpoint *endpoint, struct error *err);

/* Those of a container, in the order of their interfaces; or, where it is NULL, of a network. */
int endpoint_row_list(struct db *db, const char *container, const char *network, struct endpoint_list *ret,
		      struct error *err);

/* Whether there is one at all; whether there is one of a container that runs. 1 or 0. */
int endpoint_row_any(struct db *db, struct error *err);
int endpoint_row_any_running(struct db *db, struct error *err);

/*
 * The ids of containers that are on @network, and have a name server of their own: for they are on another one as well
 * (@besides does not count), or on one that has no bridge.
 */
int endpoint_row_serving(struct db *db, const char *network, const char *besides, char ***ret, struct error *err);

/* The ids of containers that have some and do not run. */
int endpoint_row_abandoned(struct db *db, char ***ret, struct error *err);

/* A port that leads to a container. */
struct published {
	char *container;
	struct port port;
	struct cidr address; /* of the container */
};
struct published_list {
	struct published *items;
	size_t count;
};
/* Whether it leads nowhere, but is a port of the container's own address that others may reach (GATEWAY_ROUTED). */
bool published_is_opening(const struct published *published);
void published_list_done(struct published_list *list);
#define _cleanup_published_list_ _cleanup_(published_list_done)

/* Errors: ERR_PORT_ALLOCATED, whose cause names the container. */
int published_row_insert(struct db *db, const struct published *published, struct error *err);

/* Whether a container has published that port of the host, at any of its addresses. 1 or 0. */
int published_row_any(struct db *db, const struct port *port, struct error *err);

/* Those of a container, or, where it is NULL, all that lead to networks of ours. */
int published_row_list(struct db *db, const char *container, struct published_list *ret, struct error *err);

int published_rows_delete(struct db *db, const char *container, struct error *err);

/* Its place on one network; a row that is not there is gone. */
int endpoint_row_delete(struct db *db, const char *container, const char *network, struct error *err);

/* Both kinds of rows of a container. */
int endpoint_rows_delete(struct db *db, const char *container, struct error *err);
