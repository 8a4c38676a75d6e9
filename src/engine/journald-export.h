/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `journalctl --output=export` prints: entries of fields, each "NAME=value\n", or, for values that are no single line
 * of text, "NAME\n", the length as 64 bits in little endian, the value, "\n". An empty line ends the entry.
 *
 * Source: systemd.io/JOURNAL_EXPORT_FORMATS, "Journal Export Format".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "monitor/log-record.h"

/* An entry of a container's log, as log-journald.c and Docker write them. */
struct journald_entry {
	struct log_record record; /* `text` and `attributes` are those below, `time` lies in what was parsed */
	bool has_message;
	struct str text;
	struct str attributes;
	struct str cursor;
};
void journald_entry_done(struct journald_entry *entry);

/* How many bytes the first entry of @data has, 0 if it is not whole yet, or -EBADMSG. */
ssize_t journald_entry_length(const char *data, size_t len);

/*
 * The first entry of @data into *entry, whose buffers are used again. Returns the same.
 */
ssize_t journald_entry_parse(const char *data, size_t len, struct journald_entry *entry);
