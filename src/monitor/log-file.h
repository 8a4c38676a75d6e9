/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's output as Docker's json-file log driver keeps it: one JSON object a line,
 *
 *	{"log":"hello\n","stream":"stdout","time":"2026-11-21T12:34:56.123456789Z"}
 *
 *  - A line of more than LOG_LINE_MAX bytes becomes several entries, of which only the last has the newline and all have
 *    the time of the first. A last line without a newline is kept as it is.
 *  - Bytes that are not UTF-8 become U+FFFD, each; '<', '>' and '&' are escaped. So does Docker, byte for byte.
 *  - The file never grows beyond max_bytes: it is renamed to NAME.1, that one to NAME.2, and so on; max_files counts all.
 *  - A file holds whole entries only: what a crash or a full disk cut off is removed again.
 *
 * Nothing is allocated after log_file_open(). A write that fails loses these entries and not the container's time: it is
 * reported once to our own log, and the next write tries again.
 *
 * Source: Docker's documentation of the json-file logging driver; moby's daemon/logger (copier, jsonlog, logfile).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum log_stream { LOG_STDOUT, LOG_STDERR, LOG_STREAM_COUNT };

enum { LOG_LINE_MAX = 16 * 1024 };

struct log_limits {
	uint64_t max_bytes; /* of one file */
	unsigned max_files; /* at least 1 */
};

/* Docker's own default, no limit, has filled many a disk. */
#define LOG_LIMITS_DEFAULT ((struct log_limits){ .max_bytes = 10 << 20, .max_files = 3 })

struct log_file;

/* Append to the file at @path, made with mode 0600. */
int log_file_open(const char *path, const struct log_limits *limits, struct log_file **ret, struct error *err);

/* Take @len bytes of output that were read at @now_ns. Complete lines are in the file when it returns. */
void log_file_write(struct log_file *log, enum log_stream stream, const void *data, size_t len, int64_t now_ns);

/* Write what is left of unfinished lines: no more will come of them. */
void log_file_end_lines(struct log_file *log, int64_t now_ns);

/* The same, and close. */
void log_file_close(struct log_file *log, int64_t now_ns);
