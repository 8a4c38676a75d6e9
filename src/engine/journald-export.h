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

struct journald_field {
	const char *name; /* neither is terminated */
	size_t name_len;
	const char *value;
	size_t value_len;
};

bool journald_field_is(const struct journald_field *field, const char *name);

/*
 * The field at *at, of which more may be there up to @end. 1: *ret, and *at is behind it. 0: the entry's end, and *at is
 * behind that. -EAGAIN: there is not enough of it yet. -EBADMSG: it is none.
 */
int journald_field_next(const char **at, const char *end, struct journald_field *ret);

/* An entry of a container's log, as log-journald.c and Docker write them. */
struct journald_entry {
	struct log_record record; /* `text` and `attributes` are those below, `time` lies in what was parsed */
	bool has_message;
	struct str text;
	struct str attributes;
	struct str cursor;
};
void journald_entry_done(struct journald_entry *entry);

/*
 * The first entry of @data into *entry, whose buffers are used again. Returns how many bytes it has, 0 if it is not whole
 * yet, or -EBADMSG.
 */
ssize_t journald_entry_parse(const char *data, size_t len, struct journald_entry *entry);
