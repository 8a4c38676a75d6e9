/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/log-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "monitor/log-escape.h"

enum {
	ENTRY_FRAME_MAX = 128, /* of an entry, all but the escaped text */
	OUT_SIZE = 128 * 1024,
};
static_assert(OUT_SIZE >= LOG_LINE_MAX * LOG_ESCAPE_MAX + ENTRY_FRAME_MAX, "the longest entry has to fit");

/* The beginning of a line whose end has not come yet. */
struct line {
	size_t len;
	bool continued; /* entries of it are written already ... */
	int64_t time;	/* ... with this time */
	char data[LOG_LINE_MAX];
};

/* Of the large arrays only the pages that were used exist. */
struct log_file {
	int dir, fd;
	char *name;
	struct log_limits limits;
	uint64_t size; /* of the file */
	bool failing;
	struct line lines[LOG_STREAM_COUNT];
	int64_t when_ns; /* the time that `when` shows: the same for many lines */
	char when[TIME_TEXT_MAX];
	size_t used; /* bytes of out: whole entries that are still to be written */
	char out[OUT_SIZE];
};

/* --- The file --- */

static int open_current(const struct log_file *log)
{
	return openat(log->dir, log->name, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
}

/* The end of the last whole entry before @size, which is behind a newline, or -errno. */
static off_t whole_entries(int fd, off_t size)
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

/* Somebody who was killed in the middle of a write has left half an entry. */
static int cut_torn_entry(int fd, uint64_t *ret_size)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	off_t end = whole_entries(fd, st.st_size);
	if (end < 0)
		return (int)end;
	if (end < st.st_size && ftruncate(fd, end) < 0)
		return -errno;
	*ret_size = (uint64_t)end;
	return 0;
}

/* NAME.n for the n-th file before the current one, which is number 0. */
static const char *file_name(const struct log_file *log, unsigned number, char buf[static NAME_MAX + 16])
{
	if (number == 0)
		snprintf(buf, NAME_MAX + 16, "%s", log->name);
	else
		snprintf(buf, NAME_MAX + 16, "%s.%u", log->name, number);
	return buf;
}

/* Returns 0 or -errno, with the current file as it was. */
static int rotate(struct log_file *log)
{
	char from[NAME_MAX + 16], to[NAME_MAX + 16];
	if (log->limits.max_files == 1)
		return ftruncate(log->fd, 0) < 0 ? -errno : 0;
	for (unsigned i = log->limits.max_files - 1; i > 0; i--) {
		file_name(log, i - 1, from);
		file_name(log, i, to);
		if (renameat(log->dir, from, log->dir, to) < 0 && errno != ENOENT)
			return -errno;
	}
	int fd = open_current(log);
	if (fd < 0)
		return -errno;
	fd_close(log->fd);
	log->fd = fd;
	return 0;
}

static void report(struct log_file *log, int sys_errno)
{
	if (!log->failing && sys_errno) {
		char text[128];
		log_error("write container log '%s', output is lost: %s", log->name,
			  str_errno(sys_errno, text, sizeof text));
	}
	log->failing = sys_errno != 0;
}

/* Write the first @len bytes of out, all or nothing. */
static void flush(struct log_file *log, size_t len)
{
	if (len == 0)
		return;
	int r = fd_write_all(log->fd, log->out, len);
	report(log, -r);
	if (r == 0)
		log->size += len;
	else if (ftruncate(log->fd, (off_t)log->size) < 0)
		log_error("cut an unfinished entry off container log '%s': error %d", log->name, errno);
	log->used -= len;
	memmove(log->out, log->out + len, log->used);
}

static void make_room_in_file(struct log_file *log, size_t last_entry)
{
	size_t before = log->used - last_entry;
	if (log->size + log->used <= log->limits.max_bytes)
		return;
	flush(log, before);
	if (log->size == 0)
		return;
	int r = rotate(log);
	report(log, -r);
	if (r == 0)
		log->size = 0;
}

/* --- Entries --- */

static const char *time_text(struct log_file *log, int64_t time_ns)
{
	if (log->when_ns != time_ns || !*log->when)
		time_format_rfc3339(time_ns, log->when);
	log->when_ns = time_ns;
	return log->when;
}

static void add_entry(struct log_file *log, enum log_stream stream, const char *text, size_t len, int64_t time_ns)
{
	if (OUT_SIZE - log->used < len * LOG_ESCAPE_MAX + ENTRY_FRAME_MAX)
		flush(log, log->used);
	char *start = log->out + log->used, *at = start;
	at += log_put("{\"log\":\"", at);
	at += log_escape(text, len, at);
	at += log_put("\",\"stream\":\"", at);
	at += log_put(stream == LOG_STDOUT ? "stdout" : "stderr", at);
	at += log_put("\",\"time\":\"", at);
	at += log_put(time_text(log, time_ns), at);
	at += log_put("\"}\n", at);
	log->used += (size_t)(at - start);
	make_room_in_file(log, (size_t)(at - start));
}

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

/* The buffer is full and the line has not ended. */
static void add_partial(struct log_file *log, enum log_stream stream, int64_t now_ns)
{
	struct line *line = &log->lines[stream];
	size_t len = cut_between_characters(line->data, line->len);
	if (!line->continued)
		line->time = now_ns;
	line->continued = true;
	add_entry(log, stream, line->data, len, line->time);
	line->len -= len;
	memmove(line->data, line->data + len, line->len);
}

static void end_line(struct log_file *log, enum log_stream stream, int64_t now_ns)
{
	struct line *line = &log->lines[stream];
	if (line->len > 0)
		add_entry(log, stream, line->data, line->len, line->continued ? line->time : now_ns);
	line->len = 0;
	line->continued = false;
}

/* @len bytes with at most one newline, at their end. */
static void add_piece(struct log_file *log, enum log_stream stream, const char *data, size_t len, int64_t now_ns)
{
	struct line *line = &log->lines[stream];
	bool complete = data[len - 1] == '\n';
	if (complete && line->len == 0 && !line->continued && len <= LOG_LINE_MAX) {
		add_entry(log, stream, data, len, now_ns);
		return;
	}
	while (len > 0) {
		if (line->len == LOG_LINE_MAX)
			add_partial(log, stream, now_ns);
		size_t n = MIN(len, LOG_LINE_MAX - line->len);
		memcpy(line->data + line->len, data, n);
		line->len += n;
		data += n;
		len -= n;
	}
	if (complete)
		end_line(log, stream, now_ns);
	else if (line->len == LOG_LINE_MAX)
		add_partial(log, stream, now_ns);
}

/* --- From outside --- */

int log_file_open(const char *path, const struct log_limits *limits, struct log_file **ret, struct error *err)
{
	_cleanup_free_ char *parent = mem_strndup(path, (size_t)(path_base(path) - path));
	_cleanup_close_ int dir = open(*parent ? parent : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, errno, "open directory '%s'", parent);
	struct log_file *log = NEW(struct log_file);
	log->limits = *limits;
	log->name = mem_strdup(path_base(path));
	log->dir = TAKE_FD(dir);
	log->fd = open_current(log);
	int r = log->fd < 0 ? -errno : cut_torn_entry(log->fd, &log->size);
	if (r < 0) {
		log_file_close(log, 0);
		return err_sys(err, -r, "open container log '%s'", path);
	}
	*ret = log;
	return 0;
}

void log_file_write(struct log_file *log, enum log_stream stream, const void *data, size_t len, int64_t now_ns)
{
	const char *at = data, *end = at + len;
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((newline ? newline + 1 : end) - at);
		add_piece(log, stream, at, n, now_ns);
		at += n;
	}
	flush(log, log->used);
}

void log_file_end_lines(struct log_file *log, int64_t now_ns)
{
	for (enum log_stream stream = 0; stream < LOG_STREAM_COUNT; stream++)
		end_line(log, stream, now_ns);
	flush(log, log->used);
}

void log_file_close(struct log_file *log, int64_t now_ns)
{
	if (!log)
		return;
	log_file_end_lines(log, now_ns);
	fd_close(log->fd);
	fd_close(log->dir);
	free(log->name);
	free(log);
}
