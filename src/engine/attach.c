/* SPDX-License-Identifier: Apache-2.0 */
/* `attach`: one more peer of the monitor of a container that runs. */
#include "base/cleanup.h"
#include "engine/engine-internal.h"
#include "engine/event.h"
#include "engine/live.h"
#include "engine/record.h"

int engine_container_attach(struct engine *engine, const char *name, int *ret_connection, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_live_ struct live live = LIVE_NONE;
	int r = container_load_row(engine, name, &row, err);
	if (r >= 0)
		r = live_open(engine, &row, &live, err);
	if (r == 0) {
		err_set(err, ERR_STATE, "cannot attach to a stopped container, start it first: \"%s\"", row.name);
		return err_hint(err, "coffer start -a %s", row.name);
	}
	if (r > 0 && live.paused) {
		err_set(err, ERR_STATE, "cannot attach to a paused container, unpause it first: \"%s\"", row.name);
		return err_hint(err, "coffer unpause %s", row.name);
	}
	int connection = r < 0 ? r : monitor_reach(engine, row.id, err);
	if (connection < 0)
		return connection;
	event_container(engine, &row, "attach", NULL);
	*ret_connection = connection;
	return 0;
}
