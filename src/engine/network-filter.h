/* SPDX-License-Identifier: Apache-2.0 */
/* The packet filter, kept as the rows say. */
#pragma once

#include "engine/engine-internal.h"
#include "engine/network.h"
#include "engine/network-row.h"
#include "network/firewall.h"

/* The name of our table. Returns @buf. */
const char *filter_table_name(const struct engine *engine, char buf[FIREWALL_TABLE_MAX]);

/* Whether its containers can send with no addresses but their own. @policies: whether there are some. */
bool filter_is_strict(const struct network_record *network, bool policies);

/*
 * Let in what is published (or NULL) for one container, and know its place on @network. All of it is there already when it
 * is so again.
 */
int filter_add(struct engine *engine, const struct network_record *network, const struct endpoint *endpoint,
	       const struct published_list *ports, struct error *err);

/* Make what somebody has removed: the table, its rules, or elements. */
int filter_repair(struct engine *engine, struct error *err);

/* The same, and policies; but nobody looks as long as nobody has changed anything in the packet filter. */
int filter_repair_all(struct engine *engine, struct error *err);

/* 1 if the table has all of its rules; *ret, a strv, has a name of a set for each element that is missing. */
int filter_look(struct engine *engine, char ***ret, struct error *err);

/* Have @links, and no others, be strict ones. */
int filter_set_strict(struct engine *engine, char *const *links, struct error *err);

/*
 * From before filter_remove() until the rows are gone: nobody puts the elements back meanwhile, for the rows' sake. Returns
 * an fd, which must be closed before anything else is asked of the packet filter.
 */
int filter_hold(struct engine *engine, struct error *err);

/*
 * The other way round, before the rows are gone; either may be NULL. What is not there need not be removed. The endpoints'
 * links on the host's side are removed in a process that nobody waits for: they would go with the namespace, but that may be
 * held by somebody whom we know nothing of.
 */
int filter_remove(struct engine *engine, const struct endpoint_list *endpoints, const struct published_list *ports,
		  struct error *err);
int filter_remove_network(struct engine *engine, const struct network_record *network, struct error *err);
