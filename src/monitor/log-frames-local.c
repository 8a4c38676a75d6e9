/* SPDX-License-Identifier: Apache-2.0 */
/* Protocol buffers between their lengths (log-local.c says what is in them), also Docker's. */
#include <endian.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/log-frames.h"

enum {
	LENGTH_SIZE = 4,
	BODY_MAX = 256 * 1024, /* what a reader's buffer has room for, and far more than is ever written */
	WIRE_VARINT = 0,
	WIRE_BYTES = 2,
	FIELD_SOURCE = 1,
	FIELD_TIME = 2,
	FIELD_LINE = 3,
	FIELD_PARTIAL = 4,
};

static size_t read_length(const char *at)
{
	uint32_t encoded;
	memcpy(&encoded, at, LENGTH_SIZE);
	return be32toh(encoded);
}

static ssize_t length(const char *data, size_t len)
{
	if (len < LENGTH_SIZE)
		return 0;
	size_t body = read_length(data), whole = body + 2 * LENGTH_SIZE;
	if (body > BODY_MAX)
		return -1;
	if (len < whole)
		return 0;
	return read_length(data + LENGTH_SIZE + body) == body ? (ssize_t)whole : -1;
}

/* --- the protocol buffer --- */

struct cursor {
	char *at, *end;
};

static bool take_varint(struct cursor *cursor, uint64_t *ret)
{
	enum { BITS = 64, STEP = 7 };
	uint64_t value = 0;
	for (unsigned shift = 0; shift < BITS && cursor->at < cursor->end; shift += STEP) {
		unsigned char byte = (unsigned char)*cursor->at++;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*ret = value;
			return true;
		}
	}
	return false;
}

static bool take_bytes(struct cursor *cursor, char **ret, size_t *ret_len)
{
	uint64_t len;
	if (!take_varint(cursor, &len) || len > (uint64_t)(cursor->end - cursor->at))
		return false;
	*ret = cursor->at;
	*ret_len = (size_t)len;
	cursor->at += len;
	return true;
}

struct body {
	char *line;
	size_t len;
	bool partial;
};

/* Fields that we do not know are left alone, as long as we know how long they are. */
static bool take_field(struct cursor *cursor, struct body *body, struct log_record *record)
{
	uint64_t key, number;
	char *bytes = NULL;
	size_t len = 0;
	if (!take_varint(cursor, &key))
		return false;
	bool is_number = (key & 7) == WIRE_VARINT;
	if (is_number ? !take_varint(cursor, &number) : (key & 7) != WIRE_BYTES || !take_bytes(cursor, &bytes, &len))
		return false;
	if (key >> 3 == FIELD_TIME && is_number) {
		record->time_ns = (int64_t)number;
	} else if (key >> 3 == FIELD_PARTIAL && is_number) {
		body->partial = number != 0;
	} else if (key >> 3 == FIELD_SOURCE && bytes) {
		record->stream = len == strlen("stderr") && memcmp(bytes, "stderr", len) == 0 ? LOG_STDERR : LOG_STDOUT;
	} else if (key >> 3 == FIELD_LINE && bytes) {
		body->line = bytes;
		body->len = len;
	}
	return true;
}

/* The newline has its place where the rest of the entry was, which is read by now: its last length, at least. */
static bool parse(char *entry, size_t len, struct log_record *ret)
{
	struct cursor cursor = { .at = entry + LENGTH_SIZE, .end = entry + len - LENGTH_SIZE };
	struct log_record record = { .text = entry };
	struct body body = { .line = entry };
	while (cursor.at < cursor.end)
		if (!take_field(&cursor, &body, &record))
			return false;
	if (!body.partial)
		body.line[body.len++] = '\n';
	record.text = body.line;
	record.len = body.len;
	*ret = record;
	return true;
}

/* --- from behind --- */

/* Where the entry that ends at @end begins, or -1. */
static off_t begin_of(int fd, off_t end)
{
	char encoded[LENGTH_SIZE];
	if (end < (off_t)(2 * LENGTH_SIZE) || pread(fd, encoded, LENGTH_SIZE, end - LENGTH_SIZE) != LENGTH_SIZE)
		return -1;
	off_t begin = end - (off_t)(read_length(encoded) + 2 * LENGTH_SIZE);
	return begin < 0 ? -1 : begin;
}

static off_t seek_back(int fd, int64_t *left)
{
	struct stat st;
	off_t at = fstat(fd, &st) < 0 ? 0 : st.st_size;
	while (at > 0 && *left > 0) {
		off_t begin = begin_of(fd, at);
		if (begin < 0)
			break; /* half of one: what is before it is shown, too */
		at = begin;
		--*left;
	}
	return *left > 0 ? 0 : at;
}

const struct log_frames LOG_FRAMES_LOCAL = { .length = length, .parse = parse, .seek_back = seek_back };
