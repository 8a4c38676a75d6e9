/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entries of an archive, from the process that parses it (a sandbox) to the one that makes the files.
 *
 * What comes over the pipe is as little to be trusted as the archive: whoever wrote that may have got hold of the parser.
 * So each frame is bounded, and checked in full before anything of it is shown:
 *
 *  E1  A name, and the target of a hard link, is a relative path of plain components: nothing empty, no "." and no "..".
 *  E2  Type, permissions, owner, time and device are ones that exist; only a regular file has a size.
 *  E3  The attributes of an entry are those that an archive may set (unpack-attributes.h).
 *  E4  A file's data is exactly as long as its entry says, before anything else comes.
 *  E5  The stream is whole only if its end was said.
 *
 * On the wire: a struct entry_frame_head, then `len` bytes, by the machine's own byte order - both ends are one program.
 *
 *	ENTRY_FRAME_ENTRY	struct entry_frame_entry, name, target, then of each attribute its struct
 *				entry_frame_xattr, name and value; texts are terminated, and the terminators not counted
 *	ENTRY_FRAME_DATA	at least one byte of the entry before
 *	ENTRY_FRAME_HOLE	uint64_t: so many zeros instead
 *	ENTRY_FRAME_ERROR	struct error, and nothing follows
 *	ENTRY_FRAME_END		nothing, and nothing follows
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/str.h"
#include "image/unpack-entry.h"

enum {
	ENTRY_FRAME_MAX = 1 << 20, /* bytes of a frame that is no data; of data, ENTRY_DATA_MAX */
	ENTRY_DATA_MAX = 1 << 30,
	ENTRY_NAME_LENGTH_MAX = 4095, /* PATH_MAX, without its terminator */
	ENTRY_XATTRS_MAX = 1024,
	ENTRY_XATTR_NAME_MAX = 255, /* what the kernel takes: xattr(7) */
	ENTRY_XATTR_VALUE_MAX = 1 << 16,
};

enum entry_frame_kind {
	ENTRY_FRAME_ENTRY = 1,
	ENTRY_FRAME_DATA,
	ENTRY_FRAME_HOLE,
	ENTRY_FRAME_ERROR,
	ENTRY_FRAME_END,
};

struct entry_frame_head {
	uint32_t kind;
	uint32_t len;
};

struct entry_frame_entry {
	uint64_t size, device;
	int64_t mtime_sec;
	uint32_t mtime_nsec, mode, uid, gid;
	uint32_t name_len, target_len, n_xattrs;
	uint32_t hard_link;
};

struct entry_frame_xattr {
	uint32_t name_len, value_len;
};

/* --- The parser's end. Errors: ERR_IMG_LAYER for what is too long to be said; of the system. --- */

struct entry_writer {
	int fd; /* the caller's; a pipe that waits */
	struct str buf;
};

/* `raw` is the name that is told. A target is what a link or hard link has. */
int entry_write(struct entry_writer *writer, const struct entry *entry, struct error *err);
int entry_write_data(struct entry_writer *writer, const void *data, size_t len, struct error *err);
int entry_write_hole(struct entry_writer *writer, uint64_t len, struct error *err);

/* The last of it: @failed, or the end if that is NULL. */
int entry_write_end(struct entry_writer *writer, const struct error *failed, struct error *err);
void entry_writer_done(struct entry_writer *writer);
#define _cleanup_entry_writer_ _cleanup_(entry_writer_done)

/* --- The other end --- */

/* Read up to @size bytes. Returns their number, 0 at the end, or a code. */
typedef ssize_t entry_read_fn(void *context, void *buf, size_t size, struct error *err);

struct entry_reader {
	entry_read_fn *read;
	void *context;

	/* its own */
	uint8_t *buf;
	size_t at, len, size;
	uint64_t file_left; /* of the current file's data */
	size_t frame_left;  /* of the data in the current frame */
	bool cut_off;	    /* it has ended before its end */
	struct entry entry;
};

struct entry_event {
	enum entry_frame_kind kind; /* ENTRY, DATA or HOLE */
	const struct entry *entry;  /* of its own, or that it belongs to; `name` is not filled in */
	const void *data;
	uint64_t len;
};

/*
 * What is next, valid until the next call. Returns 1, 0 at the end, or a code: that of the error that was sent; of the
 * reader; ERR_IMG_LAYER for frames that make no sense, and for a stream that is cut off, which `cut_off` says, too.
 */
int entry_read(struct entry_reader *reader, struct entry_event *ret, struct error *err);
void entry_reader_done(struct entry_reader *reader);
#define _cleanup_entry_reader_ _cleanup_(entry_reader_done)
