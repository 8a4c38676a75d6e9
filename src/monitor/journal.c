/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"

enum {
	ATTEMPTS = 16, /* each one lost means that it was set aside between two system calls of ours */
	PATIENCE_MS = 500,
	PAUSE_MS = 1,
};

void journal_add_error(char ***attributes, const struct error *err)
{
	strv_take(attributes, mem_printf("errorCode=%s", err_info(err->code)->id));
	if (err->stage != STAGE_NONE)
		strv_take(attributes, mem_printf("errorStage=%s", err_stage_name(err->stage)));
	strv_take(attributes, mem_printf("error=%s", err->message));
}

/* --- The file --- */

static int open_dir(const char *path)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 && errno == ENOENT && mkdir(path, 0700) == 0)
		dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -errno : dir;
}

/* A writer that was stopped while it holds the lock must not stop all others: then we go without. */
static void lock_for_a_while(int fd)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * NSEC_PER_MSEC };
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK && i < PATIENCE_MS / PAUSE_MS; i++)
		(void)nanosleep(&pause, NULL);
}

static bool is_current(int dir, int fd, struct stat *ret)
{
	struct stat named;
	return fstat(fd, ret) == 0 && fstatat(dir, JOURNAL_FILE, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ret->st_ino == named.st_ino && ret->st_dev == named.st_dev;
}

/* The journal, locked, and with room for a line. Its size goes to *ret_size. */
static int open_journal(int dir, off_t *ret_size)
{
	for (int i = 0; i < ATTEMPTS; i++) {
		_cleanup_close_ int fd =
			openat(dir, JOURNAL_FILE, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		struct stat st;
		if (fd < 0)
			return -errno;
		lock_for_a_while(fd);
		if (!is_current(dir, fd, &st))
			continue;
		*ret_size = st.st_size;
		if (st.st_size < JOURNAL_MAX || renameat(dir, JOURNAL_FILE, dir, JOURNAL_OLD_FILE) < 0)
			return TAKE_FD(fd);
	}
	return -ESTALE;
}

/* Whether the last line is only a part of one. */
static bool is_torn(int fd, off_t size)
{
	char last;
	return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

/* --- The line --- */

static const char *attribute(char *const *attributes, const char *key)
{
	size_t len = strlen(key);
	for (; attributes && *attributes; attributes++)
		if (strncmp(*attributes, key, len) == 0 && (*attributes)[len] == '=')
			return *attributes + len + 1;
	return NULL;
}

/* The first three members are those of the first Docker's, which knew no other types. */
static void add_old_members(const struct journal_event *event, struct json_object *object)
{
	bool container = streq(event->type, "container");
	if (!container && !streq(event->type, "image"))
		return;
	json_add_string(object, "status", event->action);
	json_add_string(object, "id", event->actor);
	if (container)
		json_add_string(object, "from", attribute(event->attributes, "image"));
}

static struct json_object *to_json(const struct journal_event *event, int64_t now_ns)
{
	struct json_object *object = json_object_new_object();
	add_old_members(event, object);
	json_add_string(object, "Type", event->type);
	json_add_string(object, "Action", event->action);
	struct json_object *actor = json_add_object(object, "Actor");
	json_add_string(actor, "ID", event->actor);
	json_add_pairs(actor, "Attributes", event->attributes);
	json_add_string(object, "scope", "local");
	json_add_i64(object, "time", now_ns / NSEC_PER_SEC);
	json_add_i64(object, "timeNano", now_ns);
	return object;
}

int journal_append(const char *path, const struct journal_event *event)
{
	off_t size = 0;
	_cleanup_close_ int dir = open_dir(path);
	_cleanup_close_ int fd = dir < 0 ? dir : open_journal(dir, &size);
	if (fd < 0)
		return fd;
	/* The time is read under the lock, and so grows from line to line. */
	_cleanup_json_ struct json_object *object = to_json(event, time_now_ns());
	_cleanup_free_ char *line = mem_printf("%s%s\n", is_torn(fd, size) ? "\n" : "", json_text(object));
	return fd_write_all(fd, line, strlen(line));
}
