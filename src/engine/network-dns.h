/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names on networks that people make: containers there find each other by name, alias and short id. The network "bridge"
 * has none of it, as with Docker.
 *
 * A network's name server runs while containers are on it, and is told again of all of them whenever one comes or goes: the
 * rows are what it says. It cannot know who asks, and must not tell of other networks: a container that is on several has
 * one of its own, which knows the names on all of them. So has one on a network without a bridge, where this host has no
 * address to be asked at.
 */
#pragma once

#include "engine/engine-internal.h"
#include "engine/network-row.h"

/* Which one the container of these @endpoints is to ask, once network_names_add() has made it; NULL if none. free() it. */
char *network_names_server(struct engine *engine, const struct endpoint_list *endpoints);

/*
 * The container of these @endpoints is on its networks now; @netns is its network namespace, or -1 if it runs already. *ret
 * is the name server to ask, NULL if it has none. free() it.
 * A container runs without names as well: what fails is only said.
 */
void network_names_add(struct engine *engine, const struct endpoint_list *endpoints, int netns, char **ret);

/* Take the container's rows away (endpoint_rows_delete()), and its names with them. */
int network_names_remove(struct engine *engine, const char *id, const struct endpoint_list *endpoints,
			 struct error *err);

/* The same for its place on one network (endpoint_row_delete()). */
int network_names_leave(struct engine *engine, const char *id, const char *network, struct error *err);

/* Start its name server again if it should run and does not. What fails is only said. */
void network_names_repair(struct engine *engine, const char *network);

/* The network goes: what a crash left. */
int network_names_stop(struct engine *engine, const struct network_record *record, struct error *err);
