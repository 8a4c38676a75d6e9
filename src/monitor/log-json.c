/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker's json-file format: one JSON object a line,
 *
 *	{"log":"hello\n","stream":"stdout","attrs":{"tier":"web"},"time":"2026-11-21T12:34:56.123456789Z"}
 *
 * Bytes that are not UTF-8 become U+FFFD, each; '<', '>' and '&' are escaped. So does Docker, byte for byte.
 *
 * Source: Docker's documentation of the json-file logging driver; moby's daemon/logger (copier, jsonlog).
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "monitor/log-driver.h"
#include "monitor/log-escape.h"

enum { FRAME_MAX = 128 }; /* of an entry, all but the escaped text and the attributes */

static size_t put(const struct log_entry *entry, const char *when, const char *attributes, char *to)
{
	char *at = to;
	at += log_put("{\"log\":\"", at);
	at += log_escape(entry->text, entry->len, at);
	at += log_put("\",\"stream\":\"", at);
	at += log_put(entry->stream == LOG_STDOUT ? "stdout" : "stderr", at);
	at += log_put("\",", at);
	if (*attributes) {
		at += log_put("\"attrs\":", at);
		at += log_put(attributes, at);
		at += log_put(",", at);
	}
	at += log_put("\"time\":\"", at);
	at += log_put(when, at);
	at += log_put("\"}\n", at);
	return (size_t)(at - to);
}

/* Behind the last newline. */
static off_t end_of_entries(int fd, off_t size)
{
	char block[4096];
	while (size > 0) {
		size_t len = (size_t)MIN(size, (off_t)sizeof block);
		ssize_t n = pread(fd, block, len, size - (off_t)len);
		if (n != (ssize_t)len)
			return n < 0 ? -errno : -EIO;
		const char *newline = memrchr(block, '\n', len);
		if (newline)
			return size - (off_t)len + (newline - block) + 1;
		size -= (off_t)len;
	}
	return 0;
}

const struct log_file_format LOG_FILE_FORMAT_JSON = {
	.entry_max = LOG_LINE_MAX * LOG_ESCAPE_MAX + FRAME_MAX,
	.put = put,
	.end_of_entries = end_of_entries,
	.wants_attributes = true,
};
