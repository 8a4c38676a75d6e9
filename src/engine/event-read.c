/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the journal. It is read to its end, then looked for a successor: a journal that was set aside gets no further
 * lines once its name is another one's, but for a writer that had it open at that moment; so it is left only when a look
 * at the name came first and the end second.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "engine/event.h"

enum { READ_SIZE = 64 * 1024 };

struct event_reader {
	int dir, file, watch;
	int64_t since_ns;
	bool old_due;	 /* the set-aside journal has not been read yet */
	struct str text; /* read, and not taken yet */
	size_t at;	 /* of text: where the next line begins */
	struct json_document document;
};

void event_reader_free(struct event_reader *reader)
{
	if (!reader)
		return;
	fd_close(reader->dir);
	fd_close(reader->file);
	fd_close(reader->watch);
	str_done(&reader->text);
	json_document_done(&reader->document);
	free(reader);
}

int event_reader_fd(const struct event_reader *reader)
{
	return reader->watch;
}

/* --- Opening --- */

static int watch_dir(struct event_reader *reader, const char *path, struct error *err)
{
	reader->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (reader->watch < 0)
		return err_sys(err, errno, "open a watch");
	if (inotify_add_watch(reader->watch, path, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0)
		return err_sys(err, errno, "watch '%s'", path);
	return 0;
}

/* What is there already is of no interest. */
static void skip_to_end(struct event_reader *reader)
{
	reader->old_due = false;
	reader->since_ns = 0;
	reader->file = openat(reader->dir, JOURNAL_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (reader->file >= 0)
		(void)lseek(reader->file, 0, SEEK_END);
}

static int open_reader(struct event_reader *reader, const char *path, struct error *err)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make directory '%s'", path);
	reader->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (reader->dir < 0)
		return err_sys(err, errno, "open directory '%s'", path);
	int r = watch_dir(reader, path, err);
	if (r >= 0 && reader->since_ns == INT64_MAX)
		skip_to_end(reader);
	return r;
}

int event_reader_open(struct engine *engine, int64_t since_ns, struct event_reader **ret, struct error *err)
{
	_cleanup_free_ char *path = engine_events_path(engine);
	_cleanup_event_reader_ struct event_reader *reader = NEW(struct event_reader);
	reader->dir = reader->file = reader->watch = -1;
	reader->since_ns = since_ns;
	reader->old_due = true;
	int r = open_reader(reader, path, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(reader);
	return 0;
}

/* --- Lines --- */

/* A line without its newline, in the reader's text; NULL if there is no whole one. */
static char *take_line(struct event_reader *reader, size_t *ret_len)
{
	char *start = reader->text.data ? reader->text.data + reader->at : NULL;
	char *newline = start ? memchr(start, '\n', reader->text.len - reader->at) : NULL;
	if (!newline)
		return NULL;
	*ret_len = (size_t)(newline - start);
	reader->at += *ret_len + 1;
	return start;
}

static void drop_taken(struct event_reader *reader)
{
	size_t left = reader->text.len - reader->at;
	if (left > 0 && reader->at > 0)
		memmove(reader->text.data, reader->text.data + reader->at, left);
	str_truncate(&reader->text, left > JOURNAL_LINE_MAX ? 0 : left);
	reader->at = 0;
}

/* Returns the number of bytes, 0 at the end for now. */
static int read_more(struct event_reader *reader, struct error *err)
{
	char block[READ_SIZE];
	drop_taken(reader);
	ssize_t n = reader->file < 0 ? 0 : RETRY_ON_EINTR(read(reader->file, block, sizeof block));
	if (n < 0)
		return err_sys(err, errno, "read the journal of events");
	str_append_len(&reader->text, block, (size_t)n);
	return (int)n;
}

static bool is_current(const struct event_reader *reader)
{
	struct stat open_one, named;
	return reader->file >= 0 && fstat(reader->file, &open_one) == 0 &&
	       fstatat(reader->dir, JOURNAL_FILE, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       open_one.st_ino == named.st_ino && open_one.st_dev == named.st_dev;
}

/* 1 if there is another file to read. */
static int open_next(struct event_reader *reader, struct error *err)
{
	const char *name = reader->old_due ? JOURNAL_OLD_FILE : JOURNAL_FILE;
	reader->old_due = false;
	int fd = openat(reader->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno != ENOENT)
		return err_sys(err, errno, "open the journal of events");
	fd_close(reader->file);
	reader->file = fd;
	str_truncate(&reader->text, 0);
	reader->at = 0;
	return fd >= 0 || streq(name, JOURNAL_OLD_FILE);
}

/* 1 if there is more text now. */
static int advance(struct event_reader *reader, struct error *err)
{
	bool last = !reader->old_due && is_current(reader);
	int r = read_more(reader, err);
	if (r != 0 || last)
		return r < 0 ? r : r > 0;
	return open_next(reader, err);
}

/* --- Events --- */

static void clear_watch(const struct event_reader *reader)
{
	char block[4096];
	while (read(reader->watch, block, sizeof block) > 0)
		;
}

/* Whether the document is an event that is wanted. */
static bool read_event(struct event_reader *reader, struct event *ret)
{
	struct json_node root = json_root(&reader->document), actor, attributes;
	struct event event = { .object = reader->document.root };
	if (json_need_string(&root, "Type", &event.type, NULL) < 0 ||
	    json_need_string(&root, "Action", &event.action, NULL) < 0 ||
	    json_get_i64(&root, "timeNano", 0, INT64_MAX, &event.time_ns, NULL) <= 0 ||
	    json_need_object(&root, "Actor", &actor, NULL) < 0 ||
	    json_need_string(&actor, "ID", &event.actor, NULL) < 0 ||
	    json_need_object(&actor, "Attributes", &attributes, NULL) < 0)
		return false;
	event.attributes = attributes.value;
	if (event.time_ns < reader->since_ns)
		return false;
	*ret = event;
	return true;
}

/* What a crash left of a line is no event. */
static bool parse_line(struct event_reader *reader, const char *line, size_t len, struct event *ret)
{
	json_document_done(&reader->document);
	reader->document = (struct json_document){ 0 };
	if (json_parse(line, len, JOURNAL_FILE, ERR_INTERNAL, &reader->document, NULL) < 0)
		return false;
	struct json_node root = json_root(&reader->document);
	return json_as_object(&root, NULL) >= 0 && read_event(reader, ret);
}

int event_reader_next(struct event_reader *reader, struct event *ret, struct error *err)
{
	int r = 1;
	clear_watch(reader);
	while (r > 0) {
		size_t len;
		for (char *line; (line = take_line(reader, &len));)
			if (parse_line(reader, line, len, ret))
				return 1;
		r = advance(reader, err);
	}
	return r;
}
