/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a container's files come from: for each path the layer that serves it, what is hidden below, and what a write would
 * have to copy. Layers are looked at one by one, by overlayfs' rules; nothing is mounted, and no link leads out.
 *
 * Source: kernel Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories", "Non-directories".
 */
#pragma once

#include <sys/types.h>

#include "engine/engine.h"

enum trace_state {
	TRACE_SERVES,  /* this is what the container sees */
	TRACE_MERGED,  /* a directory whose content is seen together with that of one above */
	TRACE_HIDDEN,  /* something above stands in its place, or has deleted it */
	TRACE_DELETES, /* it says that there is nothing here */
};
const char *trace_state_name(enum trace_state state);

/* One path in one layer. */
struct file_trace {
	char *path;
	enum trace_state state;
	mode_t mode;	  /* 0: a whiteout */
	uint64_t size;	  /* of a regular file */
	uint64_t copy_up; /* bytes that the first write to it copies into the container's own layer */
	size_t hides;	  /* how many layers have something hidden at this path */
	char *layer; /* its DiffID; "container": the container's own; "mount": what is mounted there, and no layer */
	char *created_by; /* the step of the image's history that made it */
};
void file_traces_free(struct file_trace *traces, size_t count);

/*
 * Of a directory, it and all that is below it, each with the layer that serves it; of anything else, also of what was
 * deleted, each layer that has it, topmost first. Links on the way are followed, one at the end is not. Errors:
 * ERR_NOT_FOUND.
 */
int engine_fs_trace(struct engine *engine, const char *name, const char *path, struct file_trace **ret,
		    size_t *ret_count, struct error *err);

/* How many bytes of files each layer of an image has that are never seen, for a layer above has replaced or deleted them. */
struct layer_waste {
	char *diff_id;
	int64_t bytes;
};

/* Topmost first. */
int engine_image_waste(struct engine *engine, const struct image *image, struct layer_waste **ret, size_t *ret_count,
		       struct error *err);
void layer_waste_free(struct layer_waste *waste, size_t count);
