/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding what dead commands and monitors left (E2, E4):
 *
 *	run directory, lock free	its monitor, or whoever made it, is dead: as its row says
 *	row "running", no run directory	the machine was restarted: it has exited, and nobody knows how
 *	runtime state, neither of both	removed, with its processes
 *	snapshot without a row		of a creation or a removal that was not finished
 *	bridges, rules, name servers	that containers that run need, and somebody removed: made again
 *	store's tmp/, due work		of transfers and removals of images
 *	volumes				as volume.h says (V3)
 *
 * A failure with one does not stop the others; the first is returned.
 */
#include "engine/reconcile.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "engine/identity.h"
#include "engine/image.h"
#include "engine/network-bridge.h"
#include "engine/pod-remove.h"
#include "engine/volume-repair.h"
#include "runtime/container.h"
#include "storage/snapshot.h"

/* What has failed first. Later failures go to the log. */
struct outcome {
	struct error *err;
	int code;
};

static void note(struct outcome *outcome, int r, const struct error *failure, const char *what)
{
	if (r >= 0)
		return;
	if (outcome->code == 0) {
		outcome->code = r;
		if (outcome->err)
			*outcome->err = *failure;
	} else {
		log_failure(LOG_LEVEL_WARN, what, failure);
	}
}

/* --- one container; its lock is held --- */

static int finish_abandoned(struct engine *engine, const char *id, const struct container_row *row, struct run_dir *dir,
			    struct error *err)
{
	log_info("container %.12s: its %s is dead, cleaning up", id,
		 row->state == STATE_RUNNING ? "monitor" : "command");
	if (row->state == STATE_RUNNING)
		return container_clear(engine, row, dir, err);
	/* A removal takes the snapshot first: one that was begun is finished. */
	bool half_removed = !snapshot_exists(engine->store, id);
	if (half_removed || (row->state == STATE_CREATED && row->auto_remove))
		return container_erase(engine, row, dir, true, err);
	return run_dir_remove(engine, id, dir, err);
}

/* Files of a container that has no row. With a database that was lost, they are all that is left of it. */
static int erase_unknown(struct engine *engine, const char *id, struct error *err)
{
	int r = identity_is_lost(engine, err);
	return r != 0 ? MIN(r, 0) : container_erase_files(engine, id, err);
}

static int finish_locked(struct engine *engine, const char *id, struct run_dir *dir, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = container_row_load(db, id, &row, err);
	if (r < 0)
		return r;
	if (r > 0)
		return finish_abandoned(engine, id, &row, dir, err);
	/* Of a creation that came to nothing; or it ran, and the database has been lost. */
	struct monitor_status status;
	r = container_clear_remains(engine, id, dir, &status, err);
	if (r >= 0)
		r = erase_unknown(engine, id, err);
	return r < 0 ? r : run_dir_remove(engine, id, dir, err);
}

/* Its row says that it runs, and there is nothing of it. Under a lock of our own, so that nobody starts it meanwhile. */
static int settle_lost(struct engine *engine, const char *id, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_run_dir_ struct run_dir dir = RUN_DIR_NONE;
	struct monitor_status status = { .state = MONITOR_STATE_EXITED, .exit_code = 255 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = run_dir_make(engine, id, &dir, err);
	if (r >= 0)
		r = container_row_load(db, id, &row, err);
	if (r < 0)
		return r == -ERR_BUSY ? 0 : r;
	if (r == 0 || row.state != STATE_RUNNING)
		return run_dir_remove(engine, id, &dir, err);
	log_info("container %.12s: it was running when the machine or its monitor stopped", id);
	status.started_at = MAX(row.started_at, row.created_at); /* it did run, since nobody knows when */
	status.finished_at = time_now_ns();
	err_set(&status.error, ERR_INTERNAL, "the machine or its monitor stopped");
	container_record_lost(engine, &row, &status);
	return container_settle(engine, &row, &status, &dir, err);
}

int reconcile_container(struct engine *engine, const char *id, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_run_dir_ struct run_dir dir = RUN_DIR_NONE;
	struct error why = { 0 };
	struct db *db;
	int r = run_dir_lock(engine, id, 0, &dir, &why);
	if (r > 0)
		return finish_locked(engine, id, &dir, err);
	if (r == -ERR_BUSY)
		return 0;
	if (r == 0)
		r = engine_db(engine, &db, &why);
	if (r >= 0)
		r = container_row_load(db, id, &row, &why);
	if (r < 0 && err)
		*err = why;
	if (r <= 0 || row.state != STATE_RUNNING || !streq(row.runroot, engine->runroot))
		return r < 0 ? r : 0;
	return settle_lost(engine, id, err);
}

/* --- all of a kind --- */

static void reconcile_run_dirs(struct engine *engine, struct outcome *outcome)
{
	_cleanup_strv_ char **ids = NULL;
	struct error failure = { 0 };
	note(outcome, run_dir_list(engine, &ids, &failure), &failure, "find run directories");
	for (char **id = ids; id && *id; id++)
		note(outcome, reconcile_container(engine, *id, &failure), &failure, "finish a container");
}

static void reconcile_rows(struct engine *engine, struct outcome *outcome)
{
	_cleanup_strv_ char **ids = NULL;
	struct error failure = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, &failure);
	if (r >= 0)
		r = container_row_running(db, engine->runroot, &ids, &failure);
	note(outcome, r, &failure, "find running containers");
	for (char **id = ids; id && *id; id++) {
		_cleanup_close_ int dir = run_dir_open(engine, *id);
		if (dir < 0)
			note(outcome, reconcile_container(engine, *id, &failure), &failure, "finish a container");
	}
}

/* One that was removed since they were listed is what we want. */
static int gone_or(int r, struct error *failure, struct error *err)
{
	if (r >= 0 || r == -ERR_NO_CONTAINER)
		return 0;
	if (err)
		*err = *failure;
	return r;
}

/* In this order: one that was started again since they were listed has its run directory before its state. */
static int remove_state(struct engine *engine, const char *root, const char *id, struct error *err)
{
	_cleanup_container_ struct container *container = NULL;
	struct error failure = { 0 };
	int r = container_load(root, id, &container, &failure);
	if (r < 0)
		return gone_or(r, &failure, err);
	_cleanup_close_ int dir = run_dir_open(engine, id);
	return dir >= 0 ? 0 : gone_or(container_delete(container, true, &failure), &failure, err);
}

/* The runtime's state is made and removed while there is a run directory. */
static void reconcile_runtime(struct engine *engine, struct outcome *outcome)
{
	_cleanup_free_ char *root = engine_runtime_root(engine);
	_cleanup_strv_ char **ids = NULL;
	struct error failure = { 0 };
	note(outcome, container_list(root, &ids, &failure), &failure, "list the runtime's containers");
	for (char **id = ids; id && *id; id++)
		note(outcome, remove_state(engine, root, *id, &failure), &failure, "remove a container of the runtime");
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/*
 * A snapshot is made while its run directory is locked, and has a row before that is released. It was there when we
 * looked; so if there is no run directory now and no row then, there will be none.
 */
static int remove_orphan(struct engine *engine, const char *id, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_close_ int dir = run_dir_open(engine, id);
	struct db *db;
	if (dir >= 0)
		return 0;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = container_row_load(db, id, &row, err);
	return r != 0 ? MIN(r, 0) : erase_unknown(engine, id, err);
}

static void reconcile_snapshots(struct engine *engine, struct outcome *outcome)
{
	_cleanup_strv_ char **snapshots = NULL;
	_cleanup_strv_ char **rows = NULL;
	struct error failure = { 0 };
	struct db *db;
	int r = snapshot_list(engine->store, &snapshots, &failure);
	size_t n_snapshots = r < 0 ? 0 : strv_count(snapshots);
	if (r >= 0)
		r = engine_db(engine, &db, &failure);
	if (r >= 0)
		r = container_row_ids(db, &rows, &failure);
	note(outcome, r, &failure, "list snapshots");
	if (r < 0)
		return;
	size_t n_rows = strv_count(rows);
	for (size_t i = 0; i < n_snapshots; i++)
		if (n_rows == 0 || !bsearch(&snapshots[i], rows, n_rows, sizeof *rows, compare_texts))
			note(outcome, remove_orphan(engine, snapshots[i], &failure), &failure, "remove a snapshot");
}

int engine_reconcile(struct engine *engine, struct error *err)
{
	struct outcome outcome = { .err = err };
	struct error failure = { 0 };
	children_reap(engine);
	reconcile_run_dirs(engine, &outcome);
	reconcile_rows(engine, &outcome);
	reconcile_runtime(engine, &outcome);
	reconcile_snapshots(engine, &outcome);
	note(&outcome, pods_repair(engine, &failure), &failure, "remove pods");
	note(&outcome, volumes_repair(engine, &failure), &failure, "repair volumes");
	note(&outcome, network_repair(engine, &failure), &failure, "repair networks");
	note(&outcome, due_work(engine, &failure), &failure, "finish a change of images");
	note(&outcome, store_sweep(engine->store, &failure), &failure, "sweep the store");
	return outcome.code;
}
