/* SPDX-License-Identifier: Apache-2.0 */
/* `export`: a container's files as one archive. */
#include "engine/copy-view.h"
#include "engine/engine-internal.h"
#include "engine/event.h"
#include "engine/id-mapping.h"
#include "engine/record.h"
#include "image/copy.h"

static int write_files(int dir, const struct id_mapping *mapping, int fd, struct error *err)
{
	_cleanup_copy_tar_ struct copy_tar tar = { .fd = fd };
	const struct copy_source source = { .fd = dir, .as = "" };
	struct copy_ids ids = { .sink = copy_tar_sink(&tar), .maps = id_mapping_maps(mapping) };
	const struct copy_sink sink = mapping->uids.count > 0 ? copy_ids_sink(&ids) : ids.sink;
	int r = copy_walk(&source, &sink, err);
	return r < 0 ? r : copy_tar_finish(&tar, err);
}

int engine_container_export(struct engine *engine, const char *name, int fd, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_id_mapping_ struct id_mapping mapping = { 0 };
	int r = container_load_row(engine, name, &row, err);
	if (r < 0)
		return r;
	_cleanup_close_ int dir = view_open_layers(engine, &row, err);
	r = dir < 0 ? dir : ids_on_disk(engine, &row, &mapping, err);
	if (r >= 0)
		r = write_files(dir, &mapping, fd, err);
	if (r < 0)
		return err_wrap(err, "cannot export container \"%s\"", row.name);
	event_container(engine, &row, "export", NULL);
	return 0;
}
