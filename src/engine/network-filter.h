/* SPDX-License-Identifier: Apache-2.0 */
/* The packet filter, kept as the rows say. */
#pragma once

#include "engine/engine-internal.h"
#include "engine/network.h"
#include "engine/network-row.h"
#include "network/firewall.h"

/* The name of our table. Returns @buf. */
const char *filter_table_name(const struct engine *engine, char buf[FIREWALL_TABLE_MAX]);

/* Let in what is published for one container on one network; both are there already when they are again. */
int filter_add(struct engine *engine, const struct network_record *network, const struct published_list *ports,
	       struct error *err);

/* Make the table again if somebody has removed it, or flushed its rules. */
int filter_repair(struct engine *engine, struct error *err);

/* The other way round; NULL leaves the one or the other alone. What is not there need not be removed. */
int filter_remove(struct engine *engine, const struct network_record *network, const struct published_list *ports,
		  struct error *err);
