/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the files of a log while it is written and rotated: PATH and, before it, PATH.1, PATH.2.gz, ...
 *
 *	log_reader_open()      1. opens all that is there
 *	log_reader_next()      2. entry after entry, and 0 at the end
 *	log_reader_refresh()   3. whether there may be more now; then 2. again
 *	log_reader_close()     4.
 *
 * Files are held open and known by their inodes, so that a rotation loses nothing: what we read goes on under its new
 * name, and what came after it is found. Only if more files than are kept are filled between two calls, some are missed,
 * as they are gone. What is no entry (half of one, after a crash) is left out and counted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "monitor/log-frames.h"
#include "monitor/log-record.h"

struct log_reader;

/* @tail: only the last so many entries of those that are there, or -1. A log that does not exist is empty. */
int log_reader_open(const char *path, const struct log_frames *frames, int64_t tail, struct log_reader **ret,
		    struct error *err);
void log_reader_close(struct log_reader *reader);
static inline void log_reader_closep(struct log_reader **reader)
{
	log_reader_close(*reader);
}
#define _cleanup_log_reader_ _cleanup_(log_reader_closep)

/* 1 with an entry, which is valid until the next call; 0 at the end. */
int log_reader_next(struct log_reader *reader, struct log_record *ret, struct error *err);

/* Whether the next entry is there already. */
bool log_reader_has_entry(const struct log_reader *reader);

/* Whether something has been written since. */
int log_reader_refresh(struct log_reader *reader, struct error *err);

/* Entries that were left out. */
uint64_t log_reader_skipped(const struct log_reader *reader);
