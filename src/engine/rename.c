/* SPDX-License-Identifier: Apache-2.0 */
/* `rename`: names are the database's alone, so this needs nobody's lock (E1). */
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/event.h"
#include "engine/name.h"
#include "engine/network-dns.h"
#include "engine/network-veth.h"
#include "engine/record.h"

/* By the new name; the old one is an attribute. */
static void record(struct engine *engine, struct container_row *row, const char *name)
{
	_cleanup_free_ char *old_name = mem_printf("oldName=%s", row->name);
	free(row->name);
	row->name = mem_strdup(name);
	event_container(engine, row, "rename", (char *[]){ old_name, NULL });
}

/* Its networks know it by the new name from now on. */
static void tell_networks(struct engine *engine, struct db *db, const char *id, const char *name)
{
	_cleanup_endpoint_list_ struct endpoint_list endpoints = { 0 };
	_cleanup_free_ char *resolver = NULL;
	if (endpoint_row_list(db, id, NULL, &endpoints, NULL) < 0)
		return;
	network_names_add(engine, &endpoints, -1, &resolver);
	network_veth_name(engine, &endpoints, name);
}

int engine_container_rename(struct engine *engine, const char *name, const char *new_name, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	struct db *db;
	const char *wanted = new_name + (*new_name == '/');
	if (!*wanted)
		return err_set(err, ERR_INVALID, "cannot rename container \"%s\": the new name is empty", name);
	int r = container_load_row(engine, name, &row, err);
	if (r < 0 || (r = engine_db(engine, &db, err)) < 0)
		return r;
	if (streq(row.name, wanted))
		return err_set(err, ERR_INVALID, "cannot rename container \"%s\": it has this name already", row.name);
	r = container_name_check(wanted, err);
	if (r < 0 || (r = container_row_set_name(db, row.id, wanted, err)) < 0)
		return r;
	tell_networks(engine, db, row.id, wanted);
	record(engine, &row, wanted);
	return 0;
}
