/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer archive to a directory: decompress, hash (DiffID), read tar, make files - by workers that have nothing else.
 *
 * Hostile bytes are parsed here, so a worker is a process of its own, forked before anything else is going on. It has an
 * empty root directory, no network, few capabilities and few system calls; the blob comes as an fd that it can read, the
 * directory as a mount of its own that ends at that directory and opens no devices. It follows a blob while that is
 * still being downloaded; nothing that it makes is visible before layer_commit().
 *
 * Whatever the archive says, nothing outside the directory is touched: see the invariants of image/unpack-tree.h.
 *
 * The parts, in the order in which bytes pass: decompress.h (gzip, zstd), hash.h, unpack-tar.h (the entries),
 * unpack-name.h (their names), unpack-tree.h (the files), unpack-attributes.h; around them unpack-sandbox.h.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "image/manifest.h"
#include "image/unpack-limits.h"

struct unpack_result {
	char diff_id[80];      /* "sha256:..." of the uncompressed archive, with all that follows its end */
	uint64_t archive_size; /* bytes, uncompressed */
	uint64_t entries;
	enum layer_compression compression; /* that was found */
};

struct unpack_worker;

/*
 * Start a worker; call it before this process has threads, connections or secrets. It ends when the last copy of our
 * side of its socket is closed, or we die. Errors: of the system,
 * ERR_INVALID for limits in our environment that make no sense.
 */
int unpack_worker_start(struct unpack_worker **ret, struct error *err);

/* At any time; a job that is going on is cut off. */
void unpack_worker_free(struct unpack_worker *worker);
static inline void unpack_worker_freep(struct unpack_worker **worker)
{
	unpack_worker_free(*worker);
}
#define _cleanup_unpack_worker_ _cleanup_(unpack_worker_freep)

/* Becomes readable when the current job has ended, or the worker has. */
int unpack_worker_fd(const struct unpack_worker *worker);

/*
 * Give it a job: the archive in @blob (read from its offset 0, of which @available bytes are there now) into @dir, an
 * empty directory. Both fds stay the caller's. A worker has one job at a time. @compression is what the media type
 * says; the bytes themselves decide. @limits: NULL for those that our environment names.
 */
int unpack_worker_begin(struct unpack_worker *worker, int blob, uint64_t available, int dir,
			enum layer_compression compression, const struct unpack_limits *limits, struct error *err);

/*
 * The same with what comes from @fd, a pipe, say, to its end; @beginning is what was read of it already, at most
 * UNPACK_BEGINNING_MAX bytes. It needs no feeding.
 */
enum { UNPACK_BEGINNING_MAX = 16 };
int unpack_worker_begin_stream(struct unpack_worker *worker, int fd, const void *beginning, size_t beginning_len,
			       int dir, enum layer_compression compression, const struct unpack_limits *limits,
			       struct error *err);

/*
 * More bytes are there; with @complete there will be no more, and they had the right digest. Never blocks, and does not
 * fail: that a job has ended, well or not, is what unpack_worker_finish() says.
 */
int unpack_worker_feed(struct unpack_worker *worker, uint64_t available, bool complete, struct error *err);

/*
 * Collect the job's result; waits for it. Errors of the archive are ERR_IMG_LAYER, of the disk ERR_NOSPC and so on; a
 * worker that died is ERR_IMG_LAYER too, saying of what. After an error the directory holds what was made until then.
 */
int unpack_worker_finish(struct unpack_worker *worker, struct unpack_result *ret, struct error *err);

/*
 * The same in this process, without a sandbox: for the workers themselves, for tests and fuzzers. All errors are of
 * STAGE_UNPACK.
 */
typedef ssize_t unpack_read_fn(void *context, void *buf, size_t size); /* 0 at the end, -errno */
int unpack_archive(unpack_read_fn *read, void *context, enum layer_compression compression, int dir,
		   const struct unpack_limits *limits, struct unpack_result *ret, struct error *err);
