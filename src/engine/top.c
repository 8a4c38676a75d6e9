/* SPDX-License-Identifier: Apache-2.0 */
/* `top`: a container's processes, as the host's ps(1) sees them, or by columns of its own (top-columns.h). */
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/event.h"
#include "engine/id-mapping.h"
#include "engine/image.h"
#include "engine/live.h"
#include "engine/merged.h"
#include "engine/record.h"
#include "engine/top-columns.h"
#include "runtime/container.h"
#include "runtime/ps.h"
#include "storage/snapshot.h"

enum { FILE_SIZE_MAX = 8 << 20 };

/* --- columns of its own --- */

static int read_names(struct engine *engine, const struct container_row *row, struct top_names *names,
		      struct error *err)
{
	_cleanup_image_config_ struct image_config image = { 0 };
	_cleanup_strv_ char **lower = NULL, **dirs = NULL;
	_cleanup_merged_ struct merged *merged = NULL;
	int r = image_config_load(engine->store, row->image_id, &image, err);
	if (r >= 0)
		r = launch_lower(engine, row->id, row->image_id, image.diff_ids, &lower, err);
	if (r < 0)
		return r;
	strv_take(&dirs, snapshot_upper(engine->store, row->id));
	for (char **dir = lower; *dir; dir++)
		strv_append(&dirs, *dir);
	r = merged_open(dirs, &merged, err);
	if (r >= 0)
		r = merged_read(merged, "/etc/passwd", FILE_SIZE_MAX, &names->passwd, err);
	return r < 0 ? r : merged_read(merged, "/etc/group", FILE_SIZE_MAX, &names->group, err);
}

static int show_columns(struct engine *engine, const struct container_row *row, pid_t first, char *const *columns,
			const pid_t *pids, size_t count, char ***ret, struct error *err)
{
	_cleanup_id_mapping_ struct id_mapping ids = { 0 }, own = { 0 };
	struct top_names names = { .first = first, .ids = &ids, .own = &own };
	int r = id_mapping_from_texts(row->config.uid_map, row->config.gid_map, &ids, err);
	if (r >= 0)
		r = id_mapping_of_our_own(&own, err);
	if (r >= 0)
		r = read_names(engine, row, &names, err);
	if (r >= 0)
		*ret = top_columns_show(columns, pids, count, &names);
	free(names.passwd);
	free(names.group);
	return r;
}

/* --- */

int engine_container_top(struct engine *engine, const char *name, char *const *options, char ***ret_lines,
			 struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_container_ struct container *container = NULL;
	_cleanup_live_ struct live live = LIVE_NONE;
	_cleanup_strv_ char **columns = NULL;
	_cleanup_free_ pid_t *pids = NULL;
	static const char what[] = "list the processes of";
	size_t count = 0;
	int r = top_columns_parse(options, &columns, err);
	if (r < 0 || (r = container_load_row(engine, name, &row, err)) < 0 ||
	    (r = live_need(engine, &row, what, &live, err)) < 0)
		return r;
	if ((r = live_load(engine, row.id, &container, err)) < 0 ||
	    (r = container_pids(container, &pids, &count, err)) < 0)
		return live_explain(&row, &live, what, r, err);
	r = columns ? show_columns(engine, &row, live.status.pid, columns, pids, count, ret_lines, err)
		    : ps_lines(pids, count, options, ret_lines, err);
	if (r >= 0)
		event_container(engine, &row, "top", NULL);
	return r;
}
