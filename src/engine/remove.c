/* SPDX-License-Identifier: Apache-2.0 */
/* `rm`. */
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/str.h"
#include "base/time.h"
#include "engine/engine-internal.h"
#include "engine/live.h"
#include "engine/pod-join.h"
#include "engine/reconcile.h"
#include "engine/record.h"

enum {
	STEP_MS = 20,
	KILL_PATIENCE_MS = 20 * 1000, /* a container with much to write back takes its time to die */
	PATIENCE_MS = 5 * 1000,	      /* for a command that is about to be done with it */
};

static int refuse_running(struct engine *engine, const struct container_row *row, struct error *err)
{
	_cleanup_close_ int dir = run_dir_open(engine, row->id);
	bool paused = dir >= 0 && live_is_paused(engine, row->id, dir);
	if (paused)
		err_set(err, ERR_STATE,
			"cannot remove container \"%s\": container is paused and must be unpaused first", row->name);
	else
		err_set(err, ERR_STATE,
			"cannot remove container \"%s\": container is running: stop the container before removing or "
			"force remove", row->name);
	return err_hint(err, "coffer rm -f %s", row->name);
}

static int runs_elsewhere(const struct container_row *row, struct error *err)
{
	err_set(err, ERR_STATE, "cannot remove container \"%s\": it runs below another run directory", row->name);
	err_cause(err, "it was started with --runroot %s", row->runroot);
	return err_hint(err, "coffer --runroot %s rm -f %s", row->runroot, row->name);
}

static int gave_up(const struct container_row *row, bool running, struct error *err)
{
	if (!running)
		return err_set(err, ERR_BUSY, "cannot remove container \"%s\": another command works on it", row->name);
	err_set(err, ERR_TIMEOUT, "cannot remove container \"%s\": it was killed, and does not end", row->name);
	return err_cause(err, "its monitor still holds it after %d s", KILL_PATIENCE_MS / 1000);
}

/* Returns whether it knows. */
static bool kill_at_once(struct engine *engine, const char *id)
{
	const struct packet_stop wish = { .signal = SIGKILL, .timeout_ms = 0, .reason = STOP_BY_REMOVE };
	struct error failure = { 0 };
	_cleanup_close_ int connection = monitor_tell(engine, id, PACKET_STOP, &wish, sizeof wish, &failure);
	_cleanup_close_ int dir = run_dir_open(engine, id);
	if (connection < 0 && connection != -ERR_STATE)
		log_failure(LOG_LEVEL_WARN, "kill a container", &failure);
	if (dir >= 0)
		live_thaw(engine, id, dir);
	return connection >= 0;
}

/*
 * Lock one that somebody alive has: a monitor, whose container is killed with @force, or a command, which will be done
 * soon. 0 if it has no run directory any more.
 */
static int lock_by_force(struct engine *engine, const struct container_row *row, bool force, struct run_dir *ret,
			 struct error *err)
{
	int64_t start = time_monotonic_ns();
	bool told = false;
	for (;;) {
		struct error busy = { 0 };
		struct monitor_status status = { 0 };
		int r = run_dir_lock(engine, row->id, STEP_MS, ret, &busy);
		if (r != -ERR_BUSY) {
			if (r < 0 && err)
				*err = busy;
			return r;
		}
		int known = status_of(engine, row->id, &status, NULL);
		bool running = known > 0 && status.state != MONITOR_STATE_EXITED;
		if (running && !force)
			return refuse_running(engine, row, err);
		if (running && !told)
			told = kill_at_once(engine, row->id);
		children_reap(engine);
		int patience_ms = known > 0 ? KILL_PATIENCE_MS : PATIENCE_MS;
		if (time_monotonic_ns() - start > patience_ms * NSEC_PER_MSEC)
			return gave_up(row, running, err);
	}
}

/* One that was created here, and not started, is locked by ourselves. */
static bool take_own(struct engine *engine, const char *id, struct run_dir *ret)
{
	for (size_t i = 0; i < engine->n_created; i++) {
		struct launch *launch = &engine->created[i];
		if (!streq(launch->id, id))
			continue;
		*ret = launch->dir;
		launch->dir = RUN_DIR_NONE;
		launch_done(launch);
		*launch = engine->created[--engine->n_created];
		return true;
	}
	return false;
}

int container_remove(struct engine *engine, const struct container_row *row, bool force, bool volumes,
		     struct error *err)
{
	_cleanup_run_dir_ struct run_dir dir = RUN_DIR_NONE;
	struct monitor_status status;
	if (row->state == STATE_RUNNING && !streq(row->runroot, engine->runroot))
		return runs_elsewhere(row, err);
	if (take_own(engine, row->id, &dir))
		return container_erase(engine, row, &dir, volumes || row->auto_remove, err);
	int r = lock_by_force(engine, row, force, &dir, err);
	if (r < 0)
		return r;
	/* Whoever else works on it from now on finds it in our hands. */
	if (r == 0)
		r = run_dir_make(engine, row->id, &dir, err);
	else
		r = container_clear_remains(engine, row->id, &dir, &status, err);
	return r < 0 ? r : container_erase(engine, row, &dir, volumes || row->auto_remove, err);
}

int engine_container_remove(struct engine *engine, const char *name, bool force, bool volumes, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	int r = container_load_row(engine, name, &row, err);
	if (r >= 0)
		r = pod_check_removal(&row, err);
	return r < 0 ? r : container_remove(engine, &row, force, volumes, err);
}
