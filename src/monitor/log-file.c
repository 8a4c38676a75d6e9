/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of entries. One never grows beyond max_bytes: it is renamed to NAME.1, that one to NAME.2, and so on; max_files
 * counts all. A file holds whole entries only: what a crash or a full disk cut off is removed again.
 *
 * With `compress`, another process makes NAME.1.gz of NAME.1, and nobody waits for it: if the next file is full before it
 * is done, it is stopped, and that file stays as it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/process.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "monitor/log-driver.h"

enum {
	OUT_SIZE = 32 * 1024, /* beside the longest entry */
	NAME_SIZE = NAME_MAX + 32,
};

/* Of the large buffer only the pages that were used exist. */
struct log_file {
	struct log_sink sink; /* first: a sink is its file */
	const struct log_file_format *format;
	int dir, fd;
	char *name;
	char *attributes; /* a JSON object, or "" */
	struct log_limits limits;
	uint64_t size; /* of the file */
	bool failing;
	pid_t compressor;      /* 0: none */
	char *compressor_path; /* of what it works on */
	int64_t when_ns;       /* the time that `when` shows: the same for many lines */
	char when[TIME_TEXT_MAX];
	size_t used, entries; /* bytes and number of entries in out: whole ones that are still to be written */
	size_t out_size;
	char *out;
};

/* --- The file --- */

static int open_current(const struct log_file *log)
{
	return openat(log->dir, log->name, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
}

/* Somebody who was killed in the middle of a write has left half an entry. */
static int cut_torn_entry(const struct log_file_format *format, int fd, uint64_t *ret_size)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	off_t end = format->end_of_entries(fd, st.st_size);
	if (end < 0)
		return (int)end;
	if (end < st.st_size && ftruncate(fd, end) < 0)
		return -errno;
	*ret_size = (uint64_t)end;
	return 0;
}

/* --- Rotation --- */

/* NAME.n for the n-th file before the current one, which is number 0. */
static const char *file_name(const struct log_file *log, unsigned number, const char *suffix,
			     char buf[static NAME_SIZE])
{
	if (number == 0)
		snprintf(buf, NAME_SIZE, "%s", log->name);
	else
		snprintf(buf, NAME_SIZE, "%s.%u%s", log->name, number, suffix);
	return buf;
}

static int rename_one(const struct log_file *log, unsigned number, const char *suffix)
{
	char from[NAME_SIZE], to[NAME_SIZE];
	file_name(log, number, suffix, from);
	file_name(log, number + 1, suffix, to);
	return renameat(log->dir, from, log->dir, to) < 0 && errno != ENOENT ? -errno : 0;
}

static bool is_there(const struct log_file *log, unsigned number)
{
	char name[NAME_SIZE];
	return faccessat(log->dir, file_name(log, number, "", name), F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	       faccessat(log->dir, file_name(log, number, LOG_COMPRESSED, name), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The first number that is free, or the last that may be. */
static unsigned last_number(const struct log_file *log)
{
	unsigned number = 1;
	while (number < log->limits.max_files - 1 && is_there(log, number))
		number++;
	return number;
}

/* Each number has one file, compressed or not; what there was under the last one goes. */
static int shift(const struct log_file *log)
{
	char name[NAME_SIZE];
	unsigned last = last_number(log);
	(void)unlinkat(log->dir, file_name(log, last, LOG_COMPRESSED, name), 0);
	if (last > 1) /* else the rename replaces it */
		(void)unlinkat(log->dir, file_name(log, last, "", name), 0);
	for (unsigned i = last; i > 0; i--) {
		int r = rename_one(log, i - 1, "");
		if (r == 0 && i > 1)
			r = rename_one(log, i - 1, LOG_COMPRESSED);
		if (r < 0)
			return r;
	}
	return 0;
}

static void stop_compressor(struct log_file *log)
{
	char name[NAME_SIZE];
	if (log->compressor == 0)
		return;
	(void)kill(log->compressor, SIGKILL);
	(void)RETRY_ON_EINTR(waitpid(log->compressor, NULL, 0));
	log->compressor = 0;
	(void)unlinkat(log->dir, file_name(log, 1, LOG_UNFINISHED, name), 0);
}

static void start_compressor(struct log_file *log)
{
	char *argv[] = { (char *)LOG_COMPRESS_PROGRAM, log->compressor_path, NULL };
	const struct process_spawn spawn = { .path = "/proc/self/exe", .argv = argv, .stdio = { -1, -1, -1 } };
	struct error err = { 0 };
	if (process_spawn(&spawn, &log->compressor, &err) < 0)
		log_failure(LOG_LEVEL_WARN, "compress a log", &err);
}

/* Returns 0 or -errno, with the current file as it was. */
static int rotate(struct log_file *log)
{
	if (log->limits.max_files == 1)
		return ftruncate(log->fd, 0) < 0 ? -errno : 0;
	stop_compressor(log);
	int r = shift(log);
	if (r < 0)
		return r;
	int fd = open_current(log);
	if (fd < 0)
		return -errno;
	fd_close(log->fd);
	log->fd = fd;
	if (log->limits.compress)
		start_compressor(log);
	return 0;
}

/* --- Writing --- */

/* Write the first @len bytes of out, all or nothing. */
static void write_out(struct log_file *log, size_t len, size_t entries)
{
	if (len == 0)
		return;
	int r = fd_write_all(log->fd, log->out, len);
	log_sink_report(&log->sink, &log->failing, log->name, -r);
	if (r == 0)
		log->size += len;
	else
		log->sink.dropped += entries;
	if (r < 0 && ftruncate(log->fd, (off_t)log->size) < 0)
		log_error("cut an unfinished entry off container log '%s': error %d", log->name, errno);
	log->used -= len;
	log->entries -= entries;
	memmove(log->out, log->out + len, log->used);
}

static void file_flush(struct log_sink *sink)
{
	struct log_file *log = (struct log_file *)sink;
	write_out(log, log->used, log->entries);
}

static void make_room_in_file(struct log_file *log, size_t last_entry)
{
	if (log->size + log->used <= log->limits.max_bytes)
		return;
	write_out(log, log->used - last_entry, log->entries - 1);
	if (log->size == 0)
		return;
	int r = rotate(log);
	log_sink_report(&log->sink, &log->failing, log->name, -r);
	if (r == 0)
		log->size = 0;
}

static const char *time_text(struct log_file *log, int64_t time_ns)
{
	if (log->when_ns != time_ns || !*log->when)
		time_format_rfc3339(time_ns, log->when);
	log->when_ns = time_ns;
	return log->when;
}

static bool file_put(struct log_sink *sink, const struct log_entry *entry)
{
	struct log_file *log = (struct log_file *)sink;
	if (log->used > OUT_SIZE)
		file_flush(sink);
	size_t len = log->format->put(entry, time_text(log, entry->time_ns), log->attributes, log->out + log->used);
	log->used += len;
	log->entries++;
	make_room_in_file(log, len);
	return true;
}

/* --- Opening and closing --- */

static void file_reaped(struct log_sink *sink, pid_t pid)
{
	struct log_file *log = (struct log_file *)sink;
	if (log->compressor == pid)
		log->compressor = 0;
}

static void file_close(struct log_sink *sink)
{
	struct log_file *log = (struct log_file *)sink;
	file_flush(sink);
	stop_compressor(log);
	fd_close(log->fd);
	fd_close(log->dir);
	free(log->name);
	free(log->attributes);
	free(log->compressor_path);
	free(log->out);
	free(log);
}

static const struct log_sink_ops OPS = {
	.put = file_put,
	.flush = file_flush,
	.reaped = file_reaped,
	.close = file_close,
};

static char *attributes_text(char *const *attributes)
{
	if (strv_count(attributes) == 0)
		return mem_strdup("");
	_cleanup_json_ struct json_object *object = json_object_new_object();
	for (; *attributes; attributes++) {
		size_t len = strcspn(*attributes, "=");
		_cleanup_free_ char *key = mem_strndup(*attributes, len);
		json_add_string(object, key, (*attributes)[len] ? *attributes + len + 1 : "");
	}
	return mem_strdup(json_text(object));
}

static struct log_file *file_new(const struct log_plan *plan, int dir)
{
	struct log_file *log = NEW(struct log_file);
	log->sink = (struct log_sink){ .ops = &OPS, .wait_fd = -1 };
	log->format = plan->driver == LOG_DRIVER_LOCAL ? &LOG_FILE_FORMAT_LOCAL : &LOG_FILE_FORMAT_JSON;
	log->limits = plan->limits;
	log->name = mem_strdup(path_base(plan->path));
	log->compressor_path = mem_printf("%s.1", plan->path);
	log->attributes = attributes_text(log->format->wants_attributes ? plan->attributes : NULL);
	log->out_size = OUT_SIZE + log->format->entry_max + strlen(log->attributes);
	log->out = mem_alloc(log->out_size);
	log->dir = dir;
	return log;
}

int log_file_open(const struct log_plan *plan, struct log_sink **ret, struct error *err)
{
	_cleanup_free_ char *parent = mem_strndup(plan->path, (size_t)(path_base(plan->path) - plan->path));
	int dir = open(*parent ? parent : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, errno, "open directory '%s'", parent);
	struct log_file *log = file_new(plan, dir);
	log->fd = open_current(log);
	int r = log->fd < 0 ? -errno : cut_torn_entry(log->format, log->fd, &log->size);
	if (r < 0) {
		file_close(&log->sink);
		return err_sys(err, -r, "open container log '%s'", plan->path);
	}
	*ret = &log->sink;
	return 0;
}
