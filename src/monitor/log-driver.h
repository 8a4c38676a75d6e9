/* SPDX-License-Identifier: Apache-2.0 */
/* What keeps entries. Each driver is a struct that begins with a struct log_sink, and has these operations. */
#pragma once

#include "monitor/container-log.h"

/* One line, or a part of one. */
struct log_entry {
	enum log_stream stream;
	const char *text; /* with its newline, if it has one */
	size_t len;
	int64_t time_ns;
	unsigned ordinal; /* of a line in several entries: 1, 2, ...; 0: the whole line */
	bool last;	  /* of its line */
};

struct log_sink;

struct log_sink_ops {
	/* Returns whether it was taken; if not, it is offered again once the fd is writable. */
	bool (*put)(struct log_sink *sink, const struct log_entry *entry);
	/* What was taken is where others can read it. */
	void (*flush)(struct log_sink *sink);
	void (*reaped)(struct log_sink *sink, pid_t pid);
	void (*close)(struct log_sink *sink);
};

struct log_sink {
	const struct log_sink_ops *ops;
	int wait_fd;	  /* becomes writable when put() can go on; -1: it never refuses */
	bool waiting;	  /* entries wait in the sink */
	uint64_t dropped; /* entries */
};

/* Entries that could not be kept; the first of a row of failures is reported. @sys_errno of 0 ends the row. */
void log_sink_report(struct log_sink *sink, bool *failing, const char *where, int sys_errno);

/* --- log-file.c: files that rotate --- */

int log_file_open(const struct log_plan *plan, struct log_sink **ret, struct error *err);

/* How entries look in a file. */
struct log_file_format {
	size_t entry_max; /* bytes of the longest entry */
	size_t (*put)(const struct log_entry *entry, const char *when, const char *attributes, char *to);
	/* The end of the last whole entry of the file, which has @size bytes, or -errno. */
	off_t (*end_of_entries)(int fd, off_t size);
	bool wants_attributes;
};
extern const struct log_file_format LOG_FILE_FORMAT_JSON; /* log-json.c */
extern const struct log_file_format LOG_FILE_FORMAT_LOCAL;     /* log-local.c */

/* --- log-journald.c --- */

int log_journald_open(const struct log_plan *plan, struct log_sink **ret, struct error *err);

/* --- log-compress.c: a program of its own, so that a container never waits for it --- */

#define LOG_COMPRESS_PROGRAM "coffer-compress" /* how it is called: by another name of the monitor's own file */
#define LOG_COMPRESSED ".gz"
#define LOG_UNFINISHED ".gz.tmp"

/* Put PATH.gz in the place of PATH. */
int log_compress(const char *path, struct error *err);
