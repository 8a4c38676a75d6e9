/* SPDX-License-Identifier: Apache-2.0 */
/* One line of a json-file log, read back (log-json.c says what is in it). Also Docker's, with "attrs" in it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/container-log.h"

struct log_record {
	enum log_stream stream;
	const char *text; /* not terminated, like all here */
	size_t len;
	const char *time; /* RFC 3339, as it stands there */
	size_t time_len;
	int64_t time_ns;	/* of formats that have no text of it: `time` is NULL */
	const char *attributes; /* the object of "attrs" as JSON, or NULL */
	size_t attributes_len;
};

/*
 * Read @line, @len bytes without the newline; strings are unescaped in their place, and *ret points into it. Returns
 * false if it is no entry. A member that we do not know is left alone, of one that comes twice the last counts.
 */
bool log_record_parse(char *line, size_t len, struct log_record *ret);

/* Its time in nanoseconds since the epoch, 0 if it makes no sense. */
int64_t log_record_time(const struct log_record *entry);
