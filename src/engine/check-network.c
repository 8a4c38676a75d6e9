/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of what the packet filter should have, and of names in /run/netns. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/check.h"
#include "engine/network-filter.h"
#include "engine/network-netns.h"
#include "engine/network-own.h"
#include "engine/network-policy.h"
#include "engine/network-row.h"

static void say(struct check_run *run, const char *table, int whole, char *const *missing)
{
	if (whole == 0)
		check_found(run, table, "it has not all of its rules");
	for (; missing && *missing; missing++)
		check_found(run, table, "something is missing in the set \"%s\"", *missing);
}

static int look(void *argument, struct error *err)
{
	struct check_run *run = argument;
	_cleanup_strv_ char **elements = NULL, **members = NULL;
	char table[FIREWALL_TABLE_MAX];
	filter_table_name(run->engine, table);
	int r = filter_look(run->engine, &elements, err);
	if (r >= 0)
		say(run, table, r, elements);
	if (r >= 0)
		r = policy_look(run->engine, &members, err);
	_cleanup_free_ char *policies = mem_printf("%s-policy", table);
	if (r >= 0)
		say(run, policies, r, members);
	return r;
}

/* Without containers that run on networks nothing has to be there. */
int check_packet_filter(struct check_run *run, struct error *err)
{
	struct db *db;
	int r = engine_db(run->engine, &db, err);
	if (r >= 0)
		r = endpoint_row_any_running(db, err);
	return r <= 0 ? r : network_own_work(run->engine, false, look, run, err);
}

/* --- N4 --- */

int check_netns_names(struct check_run *run, struct error *err)
{
	_cleanup_strv_ char **paths = NULL;
	int r = network_netns_dangling(run->engine, &paths, err);
	for (char **path = paths; path && *path; path++)
		check_found(run, *path, "it leads to no network namespace any more");
	return r;
}
