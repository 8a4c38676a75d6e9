/* SPDX-License-Identifier: Apache-2.0 */
/* `diff`. */
#include "engine/changes.h"
#include "engine/engine-internal.h"
#include "engine/record.h"

int engine_container_diff(struct engine *engine, const char *name, struct container_change **ret, size_t *ret_count,
			  struct error *err)
{
	_cleanup_changes_source_ struct changes_source source = CHANGES_SOURCE_NONE;
	_cleanup_container_row_ struct container_row row = { 0 };
	struct changes changes;
	int r = container_load_row(engine, name, &row, err);
	if (r < 0)
		return r;
	r = changes_open(engine, &row, &source, err);
	if (r >= 0)
		r = changes_find(&source, &changes, err);
	if (r < 0)
		return err_wrap(err, "cannot compare container \"%s\" with its image", row.name);
	*ret = changes.list;
	*ret_count = changes.count;
	return 0;
}
