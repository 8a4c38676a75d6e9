/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files from one place to another, entry by entry: a source walks, a sink takes. Neither knows what the other is.
 *
 *	sources    copy_walk()      a directory, or one file
 *	           copy_extract()   a tar archive
 *	sinks      copy_tar_*()     a tar archive
 *	           copy_files_*()   a directory
 *
 * Both ends may be in the hands of somebody hostile while they are copied:
 *
 *  Y1  A walk never follows a link and never opens what it has not looked at: a name becomes an O_PATH fd, and everything
 *      is asked of, and read from, that.
 *  Y2  A file is made in a directory that was reached from the root of its place, in which all links end; and whatever is
 *      done to it afterwards is done to the fd, not to the name.
 *  Y3  On the host, what was a container's gets the rights of its new owner only if somebody asks for the old one: no
 *      set-user-ID, no set-group-ID, no file capabilities, no devices.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "image/unpack-entry.h"
#include "runtime/id-map.h"

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
	int fd;		/* of the directory or file; O_PATH will do */
	const char *as; /* what it is to be called; "": what is in the directory is named from there */
	enum copy_form form;
};

/*
 * All of it, in the order of names, a hard link's first name with the data. Sockets are left out. A file that becomes
 * shorter while it is read is filled up with zeros; what vanishes before it was reached was not there.
 */
int copy_walk(const struct copy_source *source, const struct copy_sink *sink, struct error *err);

/* What is to be said of one path below a directory, which goes by no link: that it is there, or that it is gone. */
struct copy_listed {
	const char *path;
	bool gone; /* a ".wh." file says so */
};

/* These alone, in their order; what is in a directory only if it is listed, too. */
int copy_walk_list(int dir, const struct copy_listed *list, size_t count, const struct copy_sink *sink,
		   struct error *err);

/* --- on the way --- */

/* To a sink, with other owners: ids of the host become those of a container, or the other way round (then ERR_IDMAP). */
struct copy_ids {
	struct copy_sink sink;
	struct id_maps maps;
	bool to_host;
};
struct copy_sink copy_ids_sink(struct copy_ids *ids);

/*
 * Files that we make from now on are those of the container's root, or mounts that map ids would not take them. Until
 * copy_ids_leave(). Errors: ERR_IDMAP if it has none.
 */
int copy_ids_enter(const struct id_maps *maps, struct error *err);
void copy_ids_leave(void);

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

/* --- the directory --- */

struct copy_files {
	int root;	  /* the caller's; links that are met on the way end in it */
	const char *base; /* a directory's path in it, to which everything goes */
	bool keep_owner;  /* the entry's; else these: */
	uid_t uid;
	gid_t gid;
	bool mounted; /* what is there is mounted, or is to be: it stays the file that it is */
	bool to_host; /* where a container's files get no privileges by their new owner: see Y3 */

	/* the sink's own */
	char *parent_path;
	int parent;
	int file;  /* that is being written, or -1 */
	bool made; /* by us; else it was there */
	uint64_t offset;
	struct copy_kept *current, **directories;
	size_t n_directories;
	uint64_t written; /* bytes that an archive of it would have */
};
#define COPY_FILES_INIT .parent = -1, .file = -1

/*
 * A directory and a directory of one name become one; a file takes the place of another one; a directory and a file of
 * one name are an error, as with Docker. A file that is mounted where another one is to be is written anew. What a file that cannot be completed has got so far is removed.
 */
struct copy_sink copy_files_sink(struct copy_files *files);

/* The next @len bytes of the current file are zeros, which cost nothing however many they are. */
void copy_files_skip(struct copy_files *files, uint64_t len);

/* The directories' owners, modes and times, which come last. */
int copy_files_finish(struct copy_files *files, struct error *err);
void copy_files_done(struct copy_files *files);
#define _cleanup_copy_files_ _cleanup_(copy_files_done)
