/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of containers' places on networks of the Container Network Interface. */
#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "engine/check.h"
#include "engine/live.h"
#include "engine/network-cni-row.h"
#include "engine/record.h"

/* --- NC1 --- */

int check_cni_places(struct check_run *run, struct error *err)
{
	_cleanup_strv_ char **ids = NULL;
	struct db *db;
	int r = engine_db(run->engine, &db, err);
	if (r >= 0)
		r = cni_place_abandoned(db, &ids, err);
	for (char **id = ids; id && *id; id++)
		check_found(run, *id, "it does not run, and plugins have yet to remove it from its network");
	return r;
}

/* --- NC4 --- */

/* One that ends meanwhile has no namespace, and is no finding. */
static int open_netns(struct engine *engine, const char *id)
{
	struct monitor_status status;
	bool runs = status_of(engine, id, &status, NULL) > 0 && status.state == MONITOR_STATE_RUNNING;
	return runs ? live_open_netns(&status) : -ESRCH;
}

static void ask_plugins(struct check_run *run, const struct cni_place *place, int netns)
{
	struct error failure = { 0 };
	const struct cni_call call = cni_place_call(place, netns);
	if (place->result && cni_check(place->network, &call, place->result, &failure) < 0)
		check_found(run, place->id, "%s%s%s", failure.message, *failure.cause ? ": " : "", failure.cause);
}

static int ask_all(struct check_run *run, struct db *db, const char *id, struct error *err)
{
	_cleanup_cni_places_ struct cni_places places = { 0 };
	_cleanup_close_ int netns = open_netns(run->engine, id);
	int r = netns < 0 ? 0 : cni_places_load(db, id, &places, err);
	for (size_t i = 0; i < places.count; i++)
		ask_plugins(run, &places.items[i], netns);
	return r;
}

int check_cni_plugins(struct check_run *run, struct error *err)
{
	_cleanup_strv_ char **ids = NULL;
	struct db *db;
	int r = engine_db(run->engine, &db, err);
	if (r >= 0)
		r = cni_place_live(db, run->engine->runroot, &ids, err);
	for (char **id = ids; r >= 0 && id && *id; id++)
		r = ask_all(run, db, *id, err);
	return r;
}
