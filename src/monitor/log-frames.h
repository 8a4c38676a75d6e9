/* SPDX-License-Identifier: Apache-2.0 */
/* How entries stand in a log's files, for whoever reads them. */
#pragma once

#include <sys/types.h>

#include "monitor/log-record.h"

struct log_frames {
	/* The length of the entry that @data begins with; 0: it is not all there yet; -1: none can begin like this. */
	ssize_t (*length)(const char *data, size_t len);
	/* Read one of this length in its place. Returns false if it is none. */
	bool (*parse)(char *entry, size_t len, struct log_record *ret);
	/*
	 * Go back over *left entries from the end of @fd. Returns where the first of them begins; *left is how many are
	 * missing if the file has less.
	 */
	off_t (*seek_back)(int fd, int64_t *left);
};

extern const struct log_frames LOG_FRAMES_JSON;	 /* log-frames-json.c */
extern const struct log_frames LOG_FRAMES_LOCAL; /* log-frames-local.c */
