/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker's "local" format: entries between their lengths, so that they can be read from both ends.
 *
 *	4 bytes, big-endian: the length of ...
 *	a protocol buffer: source (1, "stdout"), time_nano (2), line (3, without its newline), partial (4, true if the
 *	line goes on), partial_log_metadata (5: last (1), ordinal (3))
 *	4 bytes: the length again
 *
 * A last line that has no newline is marked as partial, too: so nobody adds one who reads it.
 *
 * Source: Docker's documentation of the local logging driver; moby's api/types/plugins/logdriver/entry.proto;
 * protobuf.dev, "Encoding".
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "monitor/log-driver.h"

enum {
	LENGTH_SIZE = 4,
	FRAME_MAX = 96,
	VARINT = 0,
	BYTES = 2,
};

static char *put_varint(char *at, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*at++ = (char)(value | 0x80);
	*at++ = (char)value;
	return at;
}

static char *put_number(char *at, unsigned field, uint64_t value)
{
	return put_varint(put_varint(at, field << 3 | VARINT), value);
}

static char *put_bytes(char *at, unsigned field, const void *data, size_t len)
{
	at = put_varint(put_varint(at, field << 3 | BYTES), len);
	memcpy(at, data, len);
	return at + len;
}

static char *put_length(char *at, size_t len)
{
	uint32_t encoded = htobe32((uint32_t)len);
	memcpy(at, &encoded, LENGTH_SIZE);
	return at + LENGTH_SIZE;
}

static char *put_partial(char *at, const struct log_entry *entry)
{
	char metadata[16];
	char *end = put_number(put_number(metadata, 1, entry->last), 3, entry->ordinal);
	return put_bytes(at, 5, metadata, (size_t)(end - metadata));
}

static size_t put(const struct log_entry *entry, const char *when, const char *attributes, char *to)
{
	char *start = to + LENGTH_SIZE, *at = start;
	bool has_newline = entry->len > 0 && entry->text[entry->len - 1] == '\n';
	at = put_bytes(at, 1, entry->stream == LOG_STDOUT ? "stdout" : "stderr", 6);
	at = put_number(at, 2, (uint64_t)entry->time_ns);
	at = put_bytes(at, 3, entry->text, entry->len - has_newline);
	if (!has_newline)
		at = put_number(at, 4, 1);
	if (entry->ordinal > 0)
		at = put_partial(at, entry);
	size_t len = (size_t)(at - start);
	(void)put_length(to, len);
	return (size_t)(put_length(at, len) - to);
}

/* The length that is written at @offset, or -1. */
static off_t read_length(int fd, off_t offset, off_t size)
{
	uint32_t encoded;
	if (offset < 0 || offset + LENGTH_SIZE > size || pread(fd, &encoded, LENGTH_SIZE, offset) != LENGTH_SIZE)
		return -1;
	return (off_t)be32toh(encoded);
}

/* Behind the last entry that has both of its lengths, looking from the beginning only if the end makes no sense. */
static off_t end_of_entries(int fd, off_t size)
{
	off_t last = read_length(fd, size - LENGTH_SIZE, size);
	if (last >= 0 && read_length(fd, size - last - (off_t)(2 * LENGTH_SIZE), size) == last)
		return size;
	off_t at = 0;
	for (off_t len; (len = read_length(fd, at, size)) >= 0; at += len + (off_t)(2 * LENGTH_SIZE))
		if (read_length(fd, at + LENGTH_SIZE + len, size) != len)
			break;
	return at;
}

const struct log_file_format LOG_FILE_FORMAT_LOCAL = {
	.entry_max = LOG_LINE_MAX + FRAME_MAX,
	.put = put,
	.end_of_entries = end_of_entries,
};
