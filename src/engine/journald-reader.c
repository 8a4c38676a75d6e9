/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/journald-reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "engine/journald-export.h"
#include "runtime/program.h"

#define PROGRAM "journalctl"

enum {
	READ_SIZE = 64 * 1024,
	ENTRY_MAX = 4 << 20,
	WORDS_MAX = 64 * 1024, /* of its complaints */
};

struct journald_reader {
	char *program, *match;
	int64_t since_ns, tail, opened_ns;
	bool follows;
	pid_t pid; /* 0: it does not run */
	int fd, errors;
	struct str input;
	size_t taken; /* of it */
	struct journald_entry entry;
	char *cursor; /* of the last entry, or NULL */
};

/* --- The program --- */

static void add_place(const struct journald_reader *reader, char ***argv)
{
	int64_t since_ns = reader->since_ns;
	if (reader->cursor) {
		strv_take(argv, mem_printf("--after-cursor=%s", reader->cursor));
		return;
	}
	if (reader->tail > 0 || (reader->tail == 0 && reader->follows))
		strv_take(argv, mem_printf("--lines=%" PRId64, reader->tail));
	else if (reader->tail == 0)
		since_ns = MAX(since_ns, reader->opened_ns); /* none of those that were there */
	else if (reader->follows)
		strv_append(argv, "--no-tail");
	/* What was written since then has come to the journal later than it was written. */
	if (since_ns > 0)
		strv_take(argv, mem_printf("--since=@%" PRId64 ".%06" PRId64, since_ns / NSEC_PER_SEC,
					   since_ns % NSEC_PER_SEC / 1000));
}

static char **make_command(const struct journald_reader *reader)
{
	char **argv = NULL;
	strv_append(&argv, PROGRAM);
	strv_append(&argv, "--quiet");
	strv_append(&argv, "--no-pager");
	strv_append(&argv, "--output=export");
	if (reader->follows)
		strv_append(&argv, "--follow");
	add_place(reader, &argv);
	strv_append(&argv, reader->match);
	return argv;
}

/* Whether it can or not: then what is there is read. */
static void sync_journal(const struct journald_reader *reader)
{
	char *argv[] = { (char *)PROGRAM, (char *)"--sync", NULL };
	const struct process_spawn spawn = { .path = reader->program, .argv = argv, .stdio = { -1, -1, -1 } };
	(void)process_run(&spawn, NULL);
}

static int start_program(struct journald_reader *reader, struct error *err)
{
	_cleanup_strv_ char **argv = NULL;
	int ends[2];
	if (!reader->follows)
		sync_journal(reader);
	_cleanup_close_ int errors = memfd_create(PROGRAM, MFD_CLOEXEC);
	if (errors < 0)
		return err_sys(err, errno, "make a file in memory");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	_cleanup_close_ int ours = ends[0], theirs = ends[1];
	argv = make_command(reader);
	const struct process_spawn spawn = { .path = reader->program, .argv = argv, .stdio = { -1, theirs, errors } };
	int r = process_spawn(&spawn, &reader->pid, err);
	if (r >= 0 && fd_set_nonblocking(ours, true) < 0)
		r = err_sys(err, errno, "read from " PROGRAM);
	reader->fd = TAKE_FD(ours);
	reader->errors = TAKE_FD(errors);
	return r;
}

static void close_ends(struct journald_reader *reader)
{
	fd_close(TAKE_FD(reader->fd));
	fd_close(TAKE_FD(reader->errors));
}

static void kill_program(struct journald_reader *reader)
{
	int ignored;
	if (reader->pid > 0) {
		(void)kill(reader->pid, SIGKILL); /* our child, and not collected yet */
		(void)process_wait(reader->pid, &ignored, NULL);
	}
	reader->pid = 0;
	close_ends(reader);
}

static int explain(const struct journald_reader *reader, int status, struct error *err)
{
	_cleanup_free_ char *words = NULL;
	err_set(err, ERR_INVALID, "read the journal: " PROGRAM " ended with status %d", status);
	if (lseek(reader->errors, 0, SEEK_SET) == 0 &&
	    fd_read_text(reader->errors, WORDS_MAX, PROGRAM, &words, NULL, NULL) >= 0 && *words)
		err_cause(err, "%.*s", (int)strcspn(words, "\n"), words);
	return -ERR_INVALID;
}

/* Its output has come to an end. */
static int collect(struct journald_reader *reader, struct error *err)
{
	int wait_status;
	int r = process_wait(reader->pid, &wait_status, err);
	reader->pid = 0;
	int status = r < 0 ? 0 : process_exit_code(wait_status);
	if (status != 0)
		r = explain(reader, status, err);
	close_ends(reader);
	return r < 0 ? r : 0;
}

/* --- Entries --- */

bool journald_reader_has_entry(const struct journald_reader *reader)
{
	return journald_entry_length(str_text(&reader->input) + reader->taken, reader->input.len - reader->taken) > 0;
}

/* 1: there is one; 0: it is not whole. One without words is no line of the log. */
static int take_entry(struct journald_reader *reader, struct log_record *ret, struct error *err)
{
	ssize_t n;
	do {
		size_t left = reader->input.len - reader->taken;
		n = journald_entry_parse(str_text(&reader->input) + reader->taken, left, &reader->entry);
		if (n < 0 || (n == 0 && left > ENTRY_MAX))
			return err_set(err, ERR_INVALID, "read the journal: what " PROGRAM " prints makes no sense");
		reader->taken += (size_t)n;
	} while (n > 0 && !reader->entry.has_message);
	if (n == 0)
		return 0;
	if (reader->entry.cursor.len > 0) {
		free(reader->cursor);
		reader->cursor = mem_strdup(str_text(&reader->entry.cursor));
	}
	*ret = reader->entry.record;
	return 1;
}

/* The number of bytes; 0 at the end; -EAGAIN. */
static ssize_t read_more(struct journald_reader *reader)
{
	char buf[READ_SIZE];
	ssize_t n = RETRY_ON_EINTR(read(reader->fd, buf, sizeof buf));
	if (n < 0)
		return -errno;
	/* What was taken goes: nobody has an entry of it any more. */
	if (reader->taken > 0)
		memmove(reader->input.data, reader->input.data + reader->taken, reader->input.len - reader->taken);
	str_truncate(&reader->input, reader->input.len - reader->taken);
	reader->taken = 0;
	str_append_len(&reader->input, buf, (size_t)n);
	return n;
}

int journald_reader_next(struct journald_reader *reader, struct log_record *ret, struct error *err)
{
	for (;;) {
		int r = take_entry(reader, ret, err);
		if (r != 0 || reader->fd < 0)
			return r;
		ssize_t n = read_more(reader);
		if (n == 0)
			return collect(reader, err);
		if (n == -EAGAIN)
			return 0;
		if (n < 0)
			return err_sys(err, (int)-n, "read from " PROGRAM);
	}
}

int journald_reader_fd(const struct journald_reader *reader)
{
	return reader->fd;
}

int journald_reader_finish(struct journald_reader *reader, struct error *err)
{
	kill_program(reader);
	/* What is half there is read again, behind the cursor. */
	str_truncate(&reader->input, 0);
	reader->taken = 0;
	reader->follows = false;
	return start_program(reader, err);
}

/* --- The beginning and the end --- */

static int find_program(char **ret, struct error *err)
{
	if (program_find(PROGRAM, environ, ret, NULL) >= 0)
		return 0;
	err_set(err, ERR_UNSUPPORTED, "cannot read the journal: there is no " PROGRAM " here");
	return err_hint(err, "install systemd, which has it");
}

int journald_reader_open(const char *id, const struct log_request *request, bool follow, struct journald_reader **ret,
			 struct error *err)
{
	_cleanup_free_ char *program = NULL;
	int r = find_program(&program, err);
	if (r < 0)
		return r;
	struct journald_reader *reader = NEW(struct journald_reader);
	reader->fd = reader->errors = -1;
	reader->program = TAKE_PTR(program);
	reader->match = mem_printf("CONTAINER_ID_FULL=%s", id);
	reader->since_ns = request->since_ns;
	reader->tail = request->tail;
	reader->opened_ns = time_now_ns();
	reader->follows = follow;
	r = start_program(reader, err);
	if (r < 0) {
		journald_reader_close(reader);
		return r;
	}
	*ret = reader;
	return 0;
}

void journald_reader_close(struct journald_reader *reader)
{
	if (!reader)
		return;
	kill_program(reader);
	str_done(&reader->input);
	journald_entry_done(&reader->entry);
	free(reader->cursor);
	free(reader->program);
	free(reader->match);
	free(reader);
}
