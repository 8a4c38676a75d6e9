/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files from one place to another, entry by entry: a source walks, a sink takes. Neither knows what the other is.
 *
 *	sources    copy_walk()      a directory, or one file in it
 *	sinks      copy_tar_*()     a tar archive
 *
 * Both ends may be in the hands of somebody hostile while they are copied. So a walk never follows a link and never opens
 * what it has not looked at: a name becomes an O_PATH fd, and everything is asked of, and read from, that.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "image/unpack-entry.h"

/* Where entries go. Each function returns 0 or a code. */
struct copy_sink {
	void *context;

	/* A directory comes before what is in it. Of a regular file its `size` bytes follow, in pieces; texts live during
	 * the call. */
	int (*entry)(void *context, const struct entry *entry, struct error *err);
	int (*data)(void *context, const void *data, size_t len, struct error *err);
};

/* How layers of overlayfs say what is gone; see OCI image-spec, layer.md, "Whiteouts". */
enum copy_form {
	COPY_AS_IT_IS,
	COPY_LAYER, /* an upper directory: its whiteouts and opaque directories become ".wh." files */
};

struct copy_source {
	int dir;	  /* the directory that it is in ... */
	const char *name; /* ... and what it is called there, one component; or "." */
	const char *as;	  /* what it is to be called; "": what is in the directory is named from there */
	enum copy_form form;
};

/*
 * All of it, in the order of names, a hard link's first name with the data. Sockets are left out. A file that becomes
 * shorter while it is read is filled up with zeros; what vanishes before it was reached was not there.
 */
int copy_walk(const struct copy_source *source, const struct copy_sink *sink, struct error *err);

/* --- the archive --- */

struct copy_tar {
	int fd; /* the caller's */
	struct str buf;
	uint64_t left; /* what of the current file's data is to come */
	uint64_t written;
};

struct copy_sink copy_tar_sink(struct copy_tar *tar);

/* The archive's end. Without it, it is truncated to all who look. */
int copy_tar_finish(struct copy_tar *tar, struct error *err);
void copy_tar_done(struct copy_tar *tar);
#define _cleanup_copy_tar_ _cleanup_(copy_tar_done)
