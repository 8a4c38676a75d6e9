/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's output as it is logged: cut into lines, which become entries, which a driver keeps (log-driver.h).
 *
 *  - A line of more than LOG_LINE_MAX bytes becomes several entries, of which only the last has the newline and all have
 *    the time of the first; none ends in the middle of a character. A last line without a newline is kept as it is.
 *  - Files take every entry at once. journald may be slow, and then its policy counts (log_plan.non_blocking): blocking,
 *    what it does not take stays with the caller, and the container waits; non-blocking, it waits in a buffer, and what
 *    finds that full is dropped and counted.
 *  - An entry that cannot be kept (a full disk, a journal that is gone) is lost, counted, and reported once to our own
 *    log; the container goes on.
 *
 * Nothing is allocated after container_log_open().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum log_stream { LOG_STDOUT, LOG_STDERR, LOG_STREAM_COUNT };

enum log_driver {
	LOG_DRIVER_NONE,
	LOG_DRIVER_JSON_FILE,
	LOG_DRIVER_LOCAL,
	LOG_DRIVER_JOURNALD,
	LOG_DRIVER_PASSTHROUGH
};

enum { LOG_LINE_MAX = 16 * 1024 };

struct log_limits {
	uint64_t max_bytes; /* of one file */
	unsigned max_files; /* at least 1 */
	bool compress;	    /* those that are not the current one, with gzip */
};

/* Docker's own default, no limit, has filled many a disk. */
#define LOG_LIMITS_DEFAULT ((struct log_limits){ .max_bytes = 10 << 20, .max_files = 3 })

struct log_plan {
	enum log_driver driver;
	char *path; /* of files, or of journald's socket */
	struct log_limits limits;
	bool non_blocking;
	uint64_t buffer_bytes; /* of non_blocking */
	char **attributes;     /* "key=value": json-file's "attrs", or journald's fields of every entry */
};
void log_plan_done(struct log_plan *plan);

struct container_log;

/* *ret is NULL for drivers that keep nothing. Errors: what opening the file says. */
int container_log_open(const struct log_plan *plan, struct container_log **ret, struct error *err);

/*
 * Take output that was read at @now_ns. Returns how many bytes were taken: fewer than @len if the driver has to wait, for
 * container_log_fd() to become writable. The rest is then to be given again.
 */
size_t container_log_write(struct container_log *log, enum log_stream stream, const void *data, size_t len,
			   int64_t now_ns);

/* No more will come of unfinished lines. Returns whether all has been taken; if not, call it again. */
bool container_log_end_lines(struct container_log *log, int64_t now_ns);

/* What to wait for while something waits in the log: its fd, or -1. */
int container_log_fd(const struct container_log *log);
bool container_log_is_waiting(const struct container_log *log);

/* The fd has become writable. */
void container_log_push(struct container_log *log);

/* Entries that were lost so far. */
uint64_t container_log_dropped(const struct container_log *log);

/* A child of ours has ended; it may have been the log's. */
void container_log_reaped(struct container_log *log, pid_t pid);

/* What waits is given one more chance, and then lost. */
void container_log_close(struct container_log *log, int64_t now_ns);
