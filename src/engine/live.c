/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/live.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/process.h"
#include "base/str.h"
#include "base/time.h"
#include "engine/engine-internal.h"
#include "engine/reconcile.h"
#include "engine/record.h"
#include "runtime/container.h"

/*
 * In the run directory once it has been paused for the first time, and never removed: so nobody has to keep it in step
 * with the kernel, and containers that were never paused, most of all, cost one look at a directory.
 */
#define PAUSED_FILE "paused"

int live_not_running(const struct container_row *row, const char *what, struct error *err)
{
	return err_set(err, ERR_STATE, "cannot %s container \"%s\": container %.12s is not running", what, row->name,
		       row->id);
}

/* The process had its pid before and after the look at it. */
int live_open_namespace(const struct monitor_status *status, const char *type)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)status->pid, type);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : 0;
	if (process_start_time(status->pid, NULL) != status->start_time)
		return -ESRCH;
	return r < 0 ? r : TAKE_FD(fd);
}

int live_open_netns(const struct monitor_status *status)
{
	return live_open_namespace(status, "net");
}

int live_load(struct engine *engine, const char *id, struct container **ret, struct error *err)
{
	_cleanup_free_ char *root = engine_runtime_root(engine);
	return container_load(root, id, ret, err);
}

enum container_status live_status(struct engine *engine, const char *id)
{
	_cleanup_container_ struct container *container = NULL;
	enum container_status status;
	bool known = live_load(engine, id, &container, NULL) >= 0 && container_status(container, &status, NULL) >= 0;
	return known ? status : CONTAINER_STOPPED;
}

/* Its monitor may not have heard yet that it has ended. */
static bool is_alive(const struct monitor_status *status)
{
	char state = 0;
	return process_start_time(status->pid, &state) == status->start_time && state != 'Z' && state != 'X';
}

int live_explain(const struct container_row *row, const struct live *live, const char *what, int r, struct error *err)
{
	return r < 0 && !is_alive(&live->status) ? live_not_running(row, what, err) : r;
}

bool live_is_paused(struct engine *engine, const char *id, int dir)
{
	_cleanup_container_ struct container *container = NULL;
	enum container_status status;
	return faccessat(dir, PAUSED_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
	       live_load(engine, id, &container, NULL) >= 0 && container_status(container, &status, NULL) >= 0 &&
	       status == CONTAINER_PAUSED;
}

void live_thaw(struct engine *engine, const char *id, int dir)
{
	_cleanup_container_ struct container *container = NULL;
	struct error failure = { 0 };
	if (!live_is_paused(engine, id, dir))
		return;
	if (live_load(engine, id, &container, &failure) < 0 || container_resume(container, &failure) < 0)
		log_failure(LOG_LEVEL_DEBUG, "resume a container that is to end", &failure);
}

int live_note_pause(const struct live *live, struct error *err)
{
	_cleanup_close_ int fd = openat(live->dir, PAUSED_FILE, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? err_sys(err, errno, "note that the container is paused") : 0;
}

int live_open(struct engine *engine, const struct container_row *row, struct live *ret, struct error *err)
{
	struct monitor_status status;
	if (row->state != STATE_RUNNING || !streq(row->runroot, engine->runroot))
		return 0;
	int r = reconcile_container(engine, row->id, err);
	if (r >= 0)
		r = status_of(engine, row->id, &status, err);
	if (r <= 0 || status.state != MONITOR_STATE_RUNNING)
		return r < 0 ? r : 0;
	int dir = run_dir_open(engine, row->id);
	if (dir < 0)
		return 0;
	*ret = (struct live){ .dir = dir, .status = status, .paused = live_is_paused(engine, row->id, dir) };
	return 1;
}

static int read_again(struct engine *engine, struct container_row *row, struct error *err)
{
	char id[ID_HEX_LENGTH + 1];
	str_copy(id, sizeof id, row->id);
	container_row_done(row);
	*row = (struct container_row){ 0 };
	return container_load_row(engine, id, row, err);
}

int live_await(struct engine *engine, struct container_row *row, struct live *ret, struct error *err)
{
	enum { PATIENCE_MS = 10 * 1000, PAUSE_MS = 10 };
	const struct timespec pause = { .tv_nsec = PAUSE_MS * NSEC_PER_MSEC };
	int64_t deadline = time_monotonic_ns() + PATIENCE_MS * NSEC_PER_MSEC;
	for (;;) {
		int r = live_open(engine, row, ret, err);
		if (r > 0 && !is_alive(&ret->status)) {
			live_done(ret);
			r = 0;
		}
		if (r != 0 || row->state != STATE_RUNNING || !streq(row->runroot, engine->runroot))
			return r;
		if ((r = read_again(engine, row, err)) < 0)
			return r;
		if (time_monotonic_ns() > deadline)
			return err_set(err, ERR_STATE, "container \"%s\" is about to start or to end", row->name);
		(void)nanosleep(&pause, NULL);
	}
}

void live_done(struct live *live)
{
	fd_close(TAKE_FD(live->dir));
}

int live_need(struct engine *engine, const struct container_row *row, const char *what, struct live *ret,
	      struct error *err)
{
	int r = live_open(engine, row, ret, err);
	return r == 0 ? live_not_running(row, what, err) : r < 0 ? r : 0;
}
