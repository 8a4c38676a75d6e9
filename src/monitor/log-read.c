/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/log-read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/util.h"
#include "monitor/log-driver.h"

enum {
	BUFFER_SIZE = 512 * 1024, /* several times the longest entry */
	FILES_MAX = 1000,	  /* of one log: Docker's max-file has no bound, but nobody goes beyond this */
	BLOCK_SIZE = 64 * 1024,	  /* when one is unpacked */
};

struct file {
	int fd;
	dev_t dev;
	ino_t ino;
	bool packed; /* fd holds what it unpacks to */
};

/* Files oldest first; all before the last are complete. The one that is read is the first. */
struct log_reader {
	const struct log_frames *frames;
	int dir;
	char *name;
	struct file *files;
	size_t n_files;
	bool too_long; /* the entry that begins in the buffer does not fit: it is skipped to its end */
	uint64_t skipped;
	size_t begin, end; /* of what is in the buffer and not used yet */
	char buffer[BUFFER_SIZE];
};

/* --- Files --- */

static char *file_name(const struct log_reader *reader, unsigned number, const char *suffix)
{
	return number ? mem_printf("%s.%u%s", reader->name, number, suffix) : mem_strdup(reader->name);
}

/* 1; 0 if there is none. */
static int open_file(const struct log_reader *reader, const char *name, struct file *ret, struct error *err)
{
	struct stat st;
	int fd = openat(reader->dir, name, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0) {
		int r = err_sys(err, errno, "open container log '%s'", name);
		fd_close(fd);
		return r;
	}
	*ret = (struct file){ .fd = fd, .dev = st.st_dev, .ino = st.st_ino };
	return 1;
}

/* A file in memory with what @packed unpacks to; @packed is closed. */
static int unpack(int packed, const char *name, struct error *err)
{
	_cleanup_close_ int plain = memfd_create("container log", MFD_CLOEXEC);
	gzFile archive = plain < 0 ? NULL : gzdopen(packed, "r");
	char block[BLOCK_SIZE];
	int n = 0, r = 0;
	if (!archive) {
		fd_close(packed);
		return err_sys(err, errno, "unpack container log '%s'", name);
	}
	while (r == 0 && (n = gzread(archive, block, sizeof block)) > 0)
		r = fd_write_all(plain, block, (size_t)n);
	(void)gzclose_r(archive);
	if (r < 0)
		return err_sys(err, -r, "unpack container log '%s'", name);
	/* Of one that is damaged, what comes before that is shown. */
	return lseek(plain, 0, SEEK_SET) < 0 ? err_sys(err, errno, "rewind '%s'", name) : TAKE_FD(plain);
}

/* The file of this number, compressed or not: 1; 0 if there is none. */
static int open_number(const struct log_reader *reader, unsigned number, struct file *ret, struct error *err)
{
	_cleanup_free_ char *plain = file_name(reader, number, "");
	_cleanup_free_ char *packed = file_name(reader, number, LOG_COMPRESSED);
	int r = open_file(reader, plain, ret, err);
	if (r != 0 || number == 0)
		return r;
	r = open_file(reader, packed, ret, err);
	if (r <= 0)
		return r;
	ret->packed = true;
	ret->fd = unpack(ret->fd, packed, err);
	return ret->fd < 0 ? ret->fd : 1;
}

/* Entries hold the time to the nanosecond, so no two files begin alike. */
static bool begins_like(const struct file *a, const struct file *b)
{
	char left[512], right[sizeof left];
	ssize_t n = pread(a->fd, left, sizeof left, 0);
	return n > 0 && pread(b->fd, right, (size_t)n, 0) == n && memcmp(left, right, (size_t)n) == 0;
}

/* A file that is compressed becomes another one with the same content. */
static bool is_same(const struct file *a, const struct file *b)
{
	return (a->dev == b->dev && a->ino == b->ino) || (a->packed != b->packed && begins_like(a, b));
}

/*
 * All that are newer than @known (NULL: all), newest first. A rotation between two of our calls shows us a file again,
 * under the next name.
 */
static int open_newer(struct log_reader *reader, const struct file *known, struct file **ret, size_t *ret_count,
		      struct error *err)
{
	struct file *files = NULL, file;
	size_t count = 0;
	int r = 0;
	for (unsigned number = 0; number < FILES_MAX; number++) {
		r = open_number(reader, number, &file, err);
		if (r == 0 && number == 0)
			continue; /* the newest is just being made */
		if (r <= 0)
			break;
		bool end = known && is_same(&file, known), again = count > 0 && is_same(&file, &files[count - 1]);
		if (end || again)
			fd_close(file.fd);
		else
			*ARRAY_APPEND(files, count) = file;
		if (end)
			break;
	}
	*ret = files;
	*ret_count = count;
	return r < 0 ? r : 0;
}

/* They become the last of ours, in their order. */
static int add_newer(struct log_reader *reader, struct error *err)
{
	const struct file *last = reader->n_files ? &reader->files[reader->n_files - 1] : NULL;
	struct file *newer;
	size_t count;
	int r = open_newer(reader, last, &newer, &count, err);
	while (count > 0) {
		struct file *file = &newer[--count];
		if (r < 0)
			fd_close(file->fd);
		else
			*ARRAY_APPEND(reader->files, reader->n_files) = *file;
	}
	free(newer);
	return r;
}

static void drop_first(struct log_reader *reader)
{
	fd_close(reader->files[0].fd);
	reader->n_files--;
	memmove(reader->files, reader->files + 1, reader->n_files * sizeof *reader->files);
	reader->begin = reader->end = 0;
	reader->too_long = false;
}

/* --- Only the last entries --- */

static void keep_tail(struct log_reader *reader, int64_t tail)
{
	size_t first = reader->n_files;
	while (tail > 0 && first > 0) {
		first--;
		(void)lseek(reader->files[first].fd, reader->frames->seek_back(reader->files[first].fd, &tail),
			    SEEK_SET);
	}
	if (tail == 0 && first == reader->n_files && first > 0)
		(void)lseek(reader->files[--first].fd, 0, SEEK_END);
	while (first-- > 0)
		drop_first(reader);
}

/* --- Entries --- */

/* 1: there is more in the buffer; 0: the end of the first file. */
static int fill(struct log_reader *reader, struct error *err)
{
	size_t kept = reader->end - reader->begin;
	memmove(reader->buffer, reader->buffer + reader->begin, kept);
	if (kept == BUFFER_SIZE) {
		reader->too_long = true;
		kept = 0;
	}
	reader->begin = 0;
	reader->end = kept;
	ssize_t n = RETRY_ON_EINTR(read(reader->files[0].fd, reader->buffer + kept, BUFFER_SIZE - kept));
	if (n < 0)
		return err_sys(err, errno, "read container log '%s'", reader->name);
	reader->end += (size_t)n;
	return n > 0;
}

/* Nothing in what is left of it can be told from anything else. */
static void give_up_file(struct log_reader *reader)
{
	(void)lseek(reader->files[0].fd, 0, SEEK_END);
	reader->begin = reader->end = 0;
	reader->skipped++;
}

/* Take the next entry out of the buffer: 1; 0 if there is no whole one. */
static int take(struct log_reader *reader, struct log_record *ret)
{
	while (reader->begin < reader->end) {
		char *start = reader->buffer + reader->begin;
		ssize_t len = reader->frames->length(start, reader->end - reader->begin);
		if (len == 0)
			return 0;
		if (len < 0) {
			give_up_file(reader);
			return 0;
		}
		bool whole = !reader->too_long;
		reader->too_long = false;
		reader->begin += (size_t)len;
		if (whole && reader->frames->parse(start, (size_t)len, ret))
			return 1;
		reader->skipped++;
	}
	return 0;
}

bool log_reader_has_entry(const struct log_reader *reader)
{
	return reader->begin < reader->end &&
	       reader->frames->length(reader->buffer + reader->begin, reader->end - reader->begin) > 0;
}

int log_reader_next(struct log_reader *reader, struct log_record *ret, struct error *err)
{
	while (reader->n_files > 0) {
		if (take(reader, ret))
			return 1;
		int r = fill(reader, err);
		if (r < 0)
			return r;
		if (r == 0 && reader->n_files == 1)
			return 0;
		if (r == 0)
			drop_first(reader);
	}
	return 0;
}

/* With one file alone, rotating means to empty it. */
static void rewind_if_emptied(struct log_reader *reader)
{
	const struct file *file = &reader->files[0];
	struct stat st;
	off_t at = lseek(file->fd, 0, SEEK_CUR);
	if (fstat(file->fd, &st) == 0 && at > st.st_size) {
		(void)lseek(file->fd, 0, SEEK_SET);
		reader->begin = reader->end = 0;
	}
}

int log_reader_refresh(struct log_reader *reader, struct error *err)
{
	int r = add_newer(reader, err);
	if (r < 0 || reader->n_files == 0)
		return r;
	rewind_if_emptied(reader);
	/* What was added to a file before the next one was made is read before that. */
	r = fill(reader, err);
	return r < 0 ? r : r > 0 || reader->n_files > 1;
}

uint64_t log_reader_skipped(const struct log_reader *reader)
{
	return reader->skipped;
}

int log_reader_open(const char *path, const struct log_frames *frames, int64_t tail, struct log_reader **ret,
		    struct error *err)
{
	_cleanup_free_ char *parent = mem_strndup(path, (size_t)(path_base(path) - path));
	_cleanup_log_reader_ struct log_reader *reader = mem_alloc(sizeof *reader);
	reader->frames = frames;
	reader->name = mem_strdup(path_base(path));
	reader->dir = open(*parent ? parent : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (reader->dir < 0)
		return err_sys(err, errno, "open directory '%s'", parent);
	int r = add_newer(reader, err);
	if (r < 0)
		return r;
	if (tail >= 0)
		keep_tail(reader, tail);
	*ret = TAKE_PTR(reader);
	return 0;
}

void log_reader_close(struct log_reader *reader)
{
	if (!reader)
		return;
	for (size_t i = 0; i < reader->n_files; i++)
		fd_close(reader->files[i].fd);
	free(reader->files);
	fd_close(reader->dir);
	free(reader->name);
	free(reader);
}
