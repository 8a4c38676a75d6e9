/* SPDX-License-Identifier: Apache-2.0 */
/* A container's files as a directory that can be read and, where that is asked for, written. */
#pragma once

#include "engine/container-row.h"
#include "engine/id-mapping.h"
#include "engine/run-dir.h"

/*
 * What the container sees of its image and has written, without anything that is mounted over it: a mount of its own,
 * detached and read-only, whether the container runs or not; or the directory that has all of it. Returns an fd of its root.
 */
int view_open_layers(struct engine *engine, const struct container_row *row, struct error *err);

/* What @path means in a container: a root that it is to be looked at from, and the path there. */
struct view {
	int root;
	char *path;
	struct id_mapping
		ids; /* its files have those of the host, where the container's are these; empty: the container's */
	bool is_mounted_file; /* @path is one that others may have mounted, too: it is written, never replaced */
	struct run_dir dir;   /* held while a container that does not run is written to: nobody starts it meanwhile */
};
#define VIEW_NONE                               \
	{                                       \
		.root = -1, .dir = RUN_DIR_NONE \
	}

/*
 * Of one that runs, all that it sees itself. Of one that does not, its layers; or what is to be mounted at @path or above
 * it, as if that were all. One that ends or is started again meanwhile is waited for, as live_await() does (and @row is
 * read again), if it is written to. Errors: ERR_BUSY while it is being started; ERR_PERMISSION for @write where all is read-only.
 */
int view_open(struct engine *engine, struct container_row *row, const char *path, bool write, struct view *ret,
	      struct error *err);
void view_close(struct engine *engine, const struct container_row *row, struct view *view);

/* What is to be mounted at @path, which is normalized, or above it; NULL: nothing. */
const struct mount_request *view_find_mount(const struct container_config *config, const char *path);
