/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/container-log.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "monitor/log-driver.h"

/* The beginning of a line whose end has not come yet, or which the driver has not taken yet. */
struct line {
	size_t len;
	unsigned entries; /* of it that were taken already ... */
	int64_t time;	  /* ... with this time */
	bool ended;	  /* nothing is missing but that the driver takes it */
	char data[LOG_LINE_MAX];
};

/* Of the large arrays only the pages that were used exist. */
struct container_log {
	struct log_sink *sink;
	struct line lines[LOG_STREAM_COUNT];
};

void log_sink_report(struct log_sink *sink, bool *failing, const char *where, int sys_errno)
{
	if (!*failing && sys_errno) {
		char text[128];
		log_error("write container log '%s', output is lost: %s", where,
			  str_errno(sys_errno, text, sizeof text));
	}
	*failing = sys_errno != 0;
}

/* --- Entries --- */

/* How much of a full line buffer to write: not the first bytes of a character whose other bytes are to come. */
static size_t cut_between_characters(const char *data, size_t len)
{
	for (size_t back = 1; back <= 3 && back < len; back++) {
		unsigned char c = (unsigned char)data[len - back];
		if ((c & 0xc0) == 0x80)
			continue;
		size_t needed = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
		return needed > back ? len - back : len;
	}
	return len;
}

static bool put(struct container_log *log, const struct log_entry *entry)
{
	return log->sink->ops->put(log->sink, entry);
}

/* The buffer is full and the line has not ended. */
static bool put_partial(struct container_log *log, enum log_stream stream, int64_t now_ns)
{
	struct line *line = &log->lines[stream];
	size_t len = cut_between_characters(line->data, line->len);
	const struct log_entry entry = {
		.stream = stream,
		.text = line->data,
		.len = len,
		.time_ns = line->entries ? line->time : now_ns,
		.ordinal = line->entries + 1,
	};
	if (!put(log, &entry))
		return false;
	line->time = entry.time_ns;
	line->entries++;
	line->len -= len;
	memmove(line->data, line->data + len, line->len);
	return true;
}

static bool put_end(struct container_log *log, enum log_stream stream, int64_t now_ns)
{
	struct line *line = &log->lines[stream];
	const struct log_entry entry = {
		.stream = stream,
		.text = line->data,
		.len = line->len,
		.time_ns = line->entries ? line->time : now_ns,
		.ordinal = line->entries ? line->entries + 1 : 0,
		.last = true,
	};
	if (line->len > 0 && !put(log, &entry))
		return false;
	line->len = 0;
	line->entries = 0;
	line->ended = false;
	return true;
}

/* Whether there is room for the next byte of this stream. */
static bool make_room(struct container_log *log, enum log_stream stream, int64_t now_ns)
{
	struct line *line = &log->lines[stream];
	if (line->ended)
		return put_end(log, stream, now_ns);
	return line->len < LOG_LINE_MAX || put_partial(log, stream, now_ns);
}

static bool put_whole_line(struct container_log *log, enum log_stream stream, const char *data, size_t len,
			   int64_t now_ns)
{
	const struct log_entry entry = { .stream = stream, .text = data, .len = len, .time_ns = now_ns, .last = true };
	return put(log, &entry);
}

/* Take the beginning of a piece, @len bytes with at most one newline, at their end. Returns 0 if that must wait. */
static size_t take(struct container_log *log, enum log_stream stream, const char *data, size_t len, int64_t now_ns)
{
	struct line *line = &log->lines[stream];
	bool complete = data[len - 1] == '\n';
	if (!make_room(log, stream, now_ns))
		return 0;
	if (complete && line->len == 0 && line->entries == 0 && len <= LOG_LINE_MAX)
		return put_whole_line(log, stream, data, len, now_ns) ? len : 0;
	size_t n = MIN(len, LOG_LINE_MAX - line->len);
	memcpy(line->data + line->len, data, n);
	line->len += n;
	line->ended = complete && n == len;
	(void)make_room(log, stream, now_ns);
	return n;
}

/* --- From outside --- */

void log_plan_done(struct log_plan *plan)
{
	free(plan->path);
	strv_free(plan->attributes);
	*plan = (struct log_plan){ 0 };
}

int container_log_open(const struct log_plan *plan, struct container_log **ret, struct error *err)
{
	struct log_sink *sink = NULL;
	int r = 0;
	switch (plan->driver) {
	case LOG_DRIVER_JSON_FILE:
	case LOG_DRIVER_LOCAL:
		r = log_file_open(plan, &sink, err);
		break;
	case LOG_DRIVER_JOURNALD:
		r = log_journald_open(plan, &sink, err);
		break;
	case LOG_DRIVER_NONE:
	case LOG_DRIVER_PASSTHROUGH:
		break;
	}
	if (r < 0)
		return r;
	struct container_log *log = sink ? NEW(struct container_log) : NULL;
	if (log)
		log->sink = sink;
	*ret = log;
	return 0;
}

size_t container_log_write(struct container_log *log, enum log_stream stream, const void *data, size_t len,
			   int64_t now_ns)
{
	const char *start = data, *at = start, *end = at + len;
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t taken = take(log, stream, at, (size_t)((newline ? newline + 1 : end) - at), now_ns);
		if (taken == 0)
			break;
		at += taken;
	}
	log->sink->ops->flush(log->sink);
	return (size_t)(at - start);
}

bool container_log_end_lines(struct container_log *log, int64_t now_ns)
{
	bool all = true;
	for (enum log_stream stream = 0; stream < LOG_STREAM_COUNT; stream++)
		all &= put_end(log, stream, now_ns);
	log->sink->ops->flush(log->sink);
	return all;
}

int container_log_fd(const struct container_log *log)
{
	return log->sink->wait_fd;
}

bool container_log_is_waiting(const struct container_log *log)
{
	return log->sink->waiting;
}

void container_log_push(struct container_log *log)
{
	log->sink->ops->flush(log->sink);
}

uint64_t container_log_dropped(const struct container_log *log)
{
	return log->sink->dropped;
}

void container_log_reaped(struct container_log *log, pid_t pid)
{
	if (log->sink->ops->reaped)
		log->sink->ops->reaped(log->sink, pid);
}

void container_log_close(struct container_log *log, int64_t now_ns)
{
	if (!log)
		return;
	(void)container_log_end_lines(log, now_ns);
	log->sink->ops->close(log->sink);
	free(log);
}
