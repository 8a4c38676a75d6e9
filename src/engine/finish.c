/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a container. The order is that of a crash: the row goes, or becomes final, when everything else is gone, and
 * the run directory with the lock goes last. Whoever is killed in between leaves something that the next one finds.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/engine-internal.h"
#include "engine/event.h"
#include "engine/network-attach.h"
#include "engine/pod-join.h"
#include "engine/record.h"
#include "engine/tombstone.h"
#include "engine/volume-attach.h"
#include "engine/volume-mounts.h"
#include "monitor/monitor.h"
#include "storage/snapshot.h"

enum {
	PATIENCE_MS = 10 * 1000, /* for a monitor that has said how its container ended, to end itself */
};

/* --- removing --- */

static bool remove_log(struct engine *engine, const char *id, int number, const char *suffix)
{
	_cleanup_free_ char *name = mem_printf("%s.log.%d%s", id, number, suffix);
	return unlinkat(engine->store->logs, name, 0) == 0;
}

/* Compressed or not; killed at the wrong moment, a compressor leaves both. Returns whether there was one. */
static bool remove_rotated(struct engine *engine, const char *id, int number)
{
	bool plain = remove_log(engine, id, number, ""), compressed = remove_log(engine, id, number, ".gz");
	return plain || compressed;
}

/* ID.log, and ID.log.1, ... as far as there are some. */
static int remove_logs(struct engine *engine, const char *id, struct error *err)
{
	_cleanup_free_ char *name = mem_printf("%s.log", id);
	if (unlinkat(engine->store->logs, name, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove the log of container %.12s", id);
	(void)remove_log(engine, id, 1, ".gz.tmp"); /* of a monitor that was killed */
	for (int number = 1; remove_rotated(engine, id, number); number++)
		;
	return 0;
}

static int first_of(int a, int b)
{
	return a < 0 ? a : b;
}

static int remove_records(struct engine *engine, const char *id, struct error *err)
{
	int r = path_remove_tree(engine->store->records, id);
	return r < 0 ? err_sys(err, -r, "remove the records of container %.12s", id) : 0;
}

int container_erase_files(struct engine *engine, const char *id, struct error *err)
{
	int r = snapshot_remove(engine->store, id, err);
	r = first_of(r, remove_logs(engine, id, r < 0 ? NULL : err));
	return first_of(r, remove_records(engine, id, r < 0 ? NULL : err));
}

/* One transaction decides on the container and the volumes that go with it. */
static int delete_row(struct engine *engine, const struct container_row *row, bool volumes, struct error *err)
{
	_cleanup_db_transaction_ struct db_transaction transaction = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = db_begin(db, &transaction, err);
	if (r >= 0)
		r = container_row_delete(db, row->id, err);
	if (r >= 0 && volumes)
		r = volume_mounts_mark(db, row, err);
	return r < 0 ? r : db_commit(&transaction, err);
}

int container_erase(struct engine *engine, const struct container_row *row, struct run_dir *dir, bool volumes,
		    struct error *err)
{
	int r = network_detach(engine, row->id, err);
	r = first_of(r, tombstone_make(engine, row, r < 0 ? NULL : err));
	r = first_of(r, container_erase_files(engine, row->id, r < 0 ? NULL : err));
	r = first_of(r, delete_row(engine, row, volumes, r < 0 ? NULL : err));
	if (r >= 0)
		event_container(engine, row, "destroy", NULL);
	if (r >= 0 && row->state == STATE_RUNNING)
		r = volumes_detach(engine, row, err);
	if (r >= 0 && volumes)
		r = volume_mounts_release(engine, row, err);
	return first_of(r, run_dir_remove(engine, row->id, dir, r < 0 ? NULL : err));
}

/* --- recording --- */

static int settle(struct engine *engine, const struct container_row *row, const struct monitor_status *status,
		  struct run_dir *dir, struct error *err)
{
	const char *id = row->id;
	struct db *db;
	if (row->auto_remove)
		return container_erase(engine, row, dir, true, err);
	int r = network_detach(engine, id, err);
	if (r >= 0)
		r = engine_db(engine, &db, err);
	bool never_ran = status->started_at == 0 && status->error.code != ERR_NONE;
	if (r >= 0)
		r = never_ran ? container_row_set_failed(db, id, &status->error, err)
			      : container_row_set_exited(db, id, status, err);
	if (r >= 0)
		r = volumes_detach(engine, row, err);
	return r < 0 ? r : run_dir_remove(engine, id, dir, err);
}

int container_settle(struct engine *engine, const struct container_row *row, const struct monitor_status *status,
		     struct run_dir *dir, struct error *err)
{
	int r = settle(engine, row, status, dir, err);
	return r < 0 || !row->pod || status->to_run_again ? r : pod_container_ended(engine, row, err);
}

int container_clear_remains(struct engine *engine, const char *id, struct run_dir *dir,
			    struct monitor_status *ret_status, struct error *err)
{
	_cleanup_free_ char *runtime_root = engine_runtime_root(engine);
	return monitor_remains_clear(dir->fd, runtime_root, id, ret_status, err);
}

void container_record_lost(struct engine *engine, const struct container_row *row, const struct monitor_status *status)
{
	_cleanup_strv_ char **attributes = monitor_status_attributes(status);
	event_container(engine, row, "die", attributes);
}

int container_clear(struct engine *engine, const struct container_row *row, struct run_dir *dir, struct error *err)
{
	struct monitor_status status;
	/* A monitor that has recorded the end has left nothing to clear away (M1). */
	int r = monitor_status_read(dir->fd, &status, NULL);
	if (r < 0 || status.state != MONITOR_STATE_EXITED) {
		r = container_clear_remains(engine, row->id, dir, &status, err);
		if (r >= 0)
			container_record_lost(engine, row, &status);
	}
	return r < 0 ? r : container_settle(engine, row, &status, dir, err);
}

/* --- engine_container_finish() --- */

static bool has_run_dir(struct engine *engine, const char *id)
{
	_cleanup_close_ int dir = run_dir_open(engine, id);
	return dir >= 0;
}

/* Lock the run directory of one that has ended, which its monitor is about to let go. 0: somebody else was faster. */
static int lock_ended(struct engine *engine, const char *id, struct run_dir *ret, struct error *err)
{
	struct monitor_status status;
	struct error busy = { 0 };
	int r = run_dir_lock(engine, id, 0, ret, &busy);
	if (r == -ERR_BUSY) {
		r = status_of(engine, id, &status, err);
		if (r < 0 || (r == 0 && !has_run_dir(engine, id)))
			return r;
		/* One without a status is about to be started. */
		if (r == 0 || status.state != MONITOR_STATE_EXITED)
			return err_set(err, ERR_STATE, "container %.12s is running", id);
		return run_dir_lock(engine, id, PATIENCE_MS, ret, err);
	}
	if (r < 0 && err)
		*err = busy;
	return r;
}

static int finish_row(struct engine *engine, const char *id, struct run_dir *dir, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = container_row_load(db, id, &row, err);
	if (r < 0)
		return r;
	if (r > 0 && row.state == STATE_RUNNING)
		return container_clear(engine, &row, dir, err);
	return run_dir_remove(engine, id, dir, err);
}

int engine_container_finish(struct engine *engine, const char *id, struct error *err)
{
	_cleanup_run_dir_ struct run_dir dir = RUN_DIR_NONE;
	if (!store_is_hex64(id))
		return err_set(err, ERR_NO_CONTAINER, "No such container: %s", id);
	int r = lock_ended(engine, id, &dir, err);
	if (r > 0)
		r = finish_row(engine, id, &dir, err);
	/* It has let go of the lock, and ends while we work: last, for there is nothing to do for it. */
	if (r >= 0)
		(void)child_wait(engine, id);
	return r;
}
