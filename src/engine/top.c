/* SPDX-License-Identifier: Apache-2.0 */
/* `top`: a container's processes, as the host sees them. */
#include <stdlib.h>

#include "engine/engine-internal.h"
#include "engine/event.h"
#include "engine/live.h"
#include "engine/record.h"
#include "runtime/container.h"
#include "runtime/ps.h"

int engine_container_top(struct engine *engine, const char *name, char *const *ps_options, char ***ret_lines,
			 struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_container_ struct container *container = NULL;
	_cleanup_live_ struct live live = LIVE_NONE;
	_cleanup_free_ pid_t *pids = NULL;
	size_t count = 0;
	int r = container_load_row(engine, name, &row, err);
	if (r < 0 || (r = live_need(engine, &row, "list the processes of", &live, err)) < 0 ||
	    (r = live_load(engine, row.id, &container, err)) < 0 ||
	    (r = container_pids(container, &pids, &count, err)) < 0)
		return r;
	r = ps_lines(pids, count, ps_options, ret_lines, err);
	if (r >= 0)
		event_container(engine, &row, "top", NULL);
	return r;
}
