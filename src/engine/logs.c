/* SPDX-License-Identifier: Apache-2.0 */
/* `logs`: a container's output out of its log, and on as long as it runs. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "engine/await.h"
#include "engine/engine-internal.h"
#include "engine/journald-reader.h"
#include "engine/live.h"
#include "engine/log-options.h"
#include "engine/record.h"
#include "monitor/log-read.h"

enum { LOOK_WITHOUT_MONITOR_MS = 20 };

struct container_logs {
	struct log_request request;
	struct log_reader *reader;	  /* of a log in files, or ... */
	struct journald_reader *journald; /* ... in the journal */
	char *path;
	struct await await;
	bool follows; /* it has not ended yet, and that is waited for */
	int changes;  /* inotify; -1: not of files, or we do not follow */
};

/* What wakes us needs no place in the log directory: the file alone says when something happens to it. */
static int watch_file(struct container_logs *logs, struct error *err)
{
	static const uint32_t events = IN_MODIFY | IN_MOVE_SELF | IN_DELETE_SELF;
	if (inotify_add_watch(logs->changes, logs->path, events) < 0 && errno != ENOENT)
		return err_sys(err, errno, "watch container log '%s'", logs->path);
	return 0;
}

static int begin_to_follow(struct container_logs *logs, struct engine *engine, const struct container_row *row,
			   struct error *err)
{
	_cleanup_live_ struct live live = LIVE_NONE;
	int r = live_open(engine, row, &live, err);
	if (r <= 0)
		return r;
	await_begin(engine, row->id, &logs->await);
	logs->follows = true;
	return 0;
}

/* Of drivers that keep what they get in files; NULL: we cannot read it. */
static const struct log_frames *frames_of(const struct container_spec *spec)
{
	const char *driver = log_driver_name(spec);
	return streq(driver, "json-file") ? &LOG_FRAMES_JSON : streq(driver, "local") ? &LOG_FRAMES_LOCAL : NULL;
}

static int cannot_read(const struct container_row *row, struct error *err)
{
	const char *driver = log_driver_name(config_spec(&row->config));
	return err_set(err, ERR_UNSUPPORTED, "configured logging driver does not support reading: \"%s\"", driver);
}

static int open_files(struct container_logs *logs, struct engine *engine, const struct container_row *row,
		      const struct log_frames *frames, struct error *err)
{
	logs->path = engine_log_path(engine, row->id);
	logs->changes = logs->follows ? inotify_init1(IN_CLOEXEC | IN_NONBLOCK) : -1;
	if (logs->follows && logs->changes < 0)
		return err_sys(err, errno, "watch container logs");
	return log_reader_open(logs->path, frames, logs->request.tail, &logs->reader, err);
}

int engine_container_logs(struct engine *engine, const char *name, const struct log_request *request,
			  struct container_logs **ret, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_logs_ struct container_logs *logs = NEW(struct container_logs);
	logs->request = *request;
	logs->changes = logs->await.connection = -1;
	int r = container_load_row(engine, name, &row, err);
	if (r < 0)
		return r;
	const struct log_frames *frames = frames_of(config_spec(&row.config));
	bool in_journal = streq(log_driver_name(config_spec(&row.config)), "journald");
	if (!frames && !in_journal)
		return cannot_read(&row, err);
	/* Its end is awaited before anything is read, so that what was written before it is not missed. */
	if (request->follow && (r = begin_to_follow(logs, engine, &row, err)) < 0)
		return r;
	r = in_journal ? journald_reader_open(row.id, request, logs->follows, &logs->journald, err)
		       : open_files(logs, engine, &row, frames, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(logs);
	return 0;
}

/* --- following --- */

static void stop_following(struct container_logs *logs)
{
	logs->follows = false;
	fd_close(TAKE_FD(logs->changes));
}

static void drain_changes(struct container_logs *logs)
{
	char events[4096];
	while (read(logs->changes, events, sizeof events) > 0)
		;
}

/* How long there is to wait at all. The log can also be between two files, of which none has its name. */
static int patience_ms(const struct container_logs *logs)
{
	enum { LOOK_AGAIN_MS = 1000 };
	int64_t left = logs->request.until_ns ? (logs->request.until_ns - time_now_ns()) / NSEC_PER_MSEC + 1 : LOOK_AGAIN_MS;
	int64_t sane = MIN(left, (int64_t)LOOK_AGAIN_MS);
	return (int)MAX(sane, INT64_C(0));
}

static bool is_past_until(const struct container_logs *logs)
{
	return logs->request.until_ns && time_now_ns() > logs->request.until_ns;
}

/* Wait for something to happen. When the container has ended, its log is complete (M2). */
static int wait_for_more(struct container_logs *logs, struct error *err)
{
	struct pollfd wait[] = { { .fd = logs->changes, .events = POLLIN },
				 { .fd = logs->await.connection, .events = POLLIN } };
	int exit_code, ms = logs->await.connection < 0 ? LOOK_WITHOUT_MONITOR_MS : patience_ms(logs);
	if (poll(wait, ARRAY_SIZE(wait), ms) < 0 && errno != EINTR)
		return err_sys(err, errno, "wait for output");
	drain_changes(logs);
	int r = await_end(&logs->await, 0, &exit_code, err);
	if (r > 0 || is_past_until(logs))
		stop_following(logs);
	return r < 0 ? r : 0;
}

/* 1: there may be more to read; 0: there never will be. */
static int await_more_in_files(struct container_logs *logs, struct error *err)
{
	for (;;) {
		int r = logs->follows ? watch_file(logs, err) : 0;
		if (r < 0 || !logs->follows)
			return r;
		/* Watched first, then looked at: nothing comes in between. */
		if ((r = log_reader_refresh(logs->reader, err)) != 0)
			return r;
		if ((r = wait_for_more(logs, err)) < 0)
			return r;
		if (!logs->follows)
			return log_reader_refresh(logs->reader, err);
	}
}

/* The program that prints it comes to its end by itself, unless it follows. */
static int await_more_in_journal(struct container_logs *logs, struct error *err)
{
	struct pollfd wait[] = { { .fd = journald_reader_fd(logs->journald), .events = POLLIN },
				 { .fd = logs->follows ? logs->await.connection : -1, .events = POLLIN } };
	int exit_code;
	if (wait[0].fd < 0)
		return 0;
	int ms = !logs->follows ? -1 : logs->await.connection < 0 ? LOOK_WITHOUT_MONITOR_MS : patience_ms(logs);
	if (poll(wait, ARRAY_SIZE(wait), ms) < 0 && errno != EINTR)
		return err_sys(err, errno, "wait for output");
	if (!logs->follows)
		return 1;
	int r = await_end(&logs->await, 0, &exit_code, err);
	if (r <= 0)
		return r < 0 ? r : !is_past_until(logs);
	stop_following(logs);
	r = journald_reader_finish(logs->journald, err);
	return r < 0 ? r : 1;
}

static int await_more(struct container_logs *logs, struct error *err)
{
	return logs->journald ? await_more_in_journal(logs, err) : await_more_in_files(logs, err);
}

/* --- entries --- */

/* 1: it is wanted; 0: it is not; -1: neither it nor what follows. */
static int is_wanted(const struct container_logs *logs, const struct log_record *entry)
{
	const struct log_request *request = &logs->request;
	if (!request->since_ns && !request->until_ns)
		return 1;
	int64_t time = log_record_time(entry);
	if (request->until_ns && time > request->until_ns)
		return -1;
	return time >= request->since_ns;
}

int container_logs_next(struct container_logs *logs, struct log_record *ret, struct error *err)
{
	for (;;) {
		int r = logs->journald ? journald_reader_next(logs->journald, ret, err)
				       : log_reader_next(logs->reader, ret, err);
		if (r == 0 && (r = await_more(logs, err)) > 0)
			continue;
		if (r <= 0)
			return r;
		int wanted = is_wanted(logs, ret);
		if (wanted != 0)
			return wanted > 0;
	}
}

bool container_logs_pending(const struct container_logs *logs)
{
	return logs->journald ? journald_reader_has_entry(logs->journald) : log_reader_has_entry(logs->reader);
}

uint64_t container_logs_skipped(const struct container_logs *logs)
{
	return logs->journald ? 0 : log_reader_skipped(logs->reader);
}

void container_logs_free(struct container_logs *logs)
{
	if (!logs)
		return;
	log_reader_close(logs->reader);
	journald_reader_close(logs->journald);
	await_done(&logs->await);
	fd_close(logs->changes);
	free(logs->path);
	free(logs);
}
