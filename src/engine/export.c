/* SPDX-License-Identifier: Apache-2.0 */
/* `export`: a container's files as one archive. */
#include "engine/copy-view.h"
#include "engine/engine-internal.h"
#include "engine/event.h"
#include "engine/record.h"
#include "image/copy.h"

static int write_files(int dir, int fd, struct error *err)
{
	_cleanup_copy_tar_ struct copy_tar tar = { .fd = fd };
	const struct copy_source source = { .fd = dir, .as = "" };
	const struct copy_sink sink = copy_tar_sink(&tar);
	int r = copy_walk(&source, &sink, err);
	return r < 0 ? r : copy_tar_finish(&tar, err);
}

int engine_container_export(struct engine *engine, const char *name, int fd, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	int r = container_load_row(engine, name, &row, err);
	if (r < 0)
		return r;
	_cleanup_close_ int dir = view_open_layers(engine, &row, err);
	r = dir < 0 ? dir : write_files(dir, fd, err);
	if (r < 0)
		return err_wrap(err, "cannot export container \"%s\"", row.name);
	event_container(engine, &row, "export", NULL);
	return 0;
}
