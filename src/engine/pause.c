/* SPDX-License-Identifier: Apache-2.0 */
/* `pause` and `unpause`: the kernel's freezer is the only one that knows the state. */
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/event.h"
#include "engine/live.h"
#include "engine/record.h"
#include "runtime/container.h"

static int open_live(struct engine *engine, const char *name, const char *what, struct container_row *row,
		     struct live *live, struct error *err)
{
	int r = container_load_row(engine, name, row, err);
	return r < 0 ? r : live_need(engine, row, what, live, err);
}

/* The runtime words it for programs; people know the container by its name. */
static int explain(const struct container_row *row, const struct live *live, const char *what, struct error *err)
{
	int r = err_wrap(err, "cannot %s container \"%s\"", what, row->name);
	return live_explain(row, live, what, r, err);
}

int engine_container_pause(struct engine *engine, const char *name, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_container_ struct container *container = NULL;
	_cleanup_live_ struct live live = LIVE_NONE;
	int r = open_live(engine, name, "pause", &row, &live, err);
	if (r < 0)
		return r;
	if (live.paused)
		return err_set(err, ERR_STATE, "cannot pause container \"%s\": container %.12s is already paused",
			       row.name, row.id);
	/* Noted first: somebody who looks in between asks the kernel, and sees what is true. */
	if (live_note_pause(&live, err) < 0 || live_load(engine, row.id, &container, err) < 0 ||
	    container_pause(container, err) < 0)
		return explain(&row, &live, "pause", err);
	event_container(engine, &row, "pause", NULL);
	return 0;
}

int engine_container_unpause(struct engine *engine, const char *name, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_container_ struct container *container = NULL;
	_cleanup_live_ struct live live = LIVE_NONE;
	int r = open_live(engine, name, "unpause", &row, &live, err);
	if (r < 0)
		return r;
	if (!live.paused)
		return err_set(err, ERR_STATE, "cannot unpause container \"%s\": container %.12s is not paused",
			       row.name, row.id);
	if (live_load(engine, row.id, &container, err) < 0 || container_resume(container, err) < 0)
		return explain(&row, &live, "unpause", err);
	event_container(engine, &row, "unpause", NULL);
	return 0;
}
