/* SPDX-License-Identifier: Apache-2.0 */
/* `kill`, `stop`, `wait`: what is asked of a container's monitor, and waiting for what comes of it. */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "engine/await.h"
#include "engine/engine-internal.h"
#include "engine/live.h"
#include "engine/reconcile.h"
#include "engine/record.h"

enum {
	KILL_PATIENCE_MS = 20 * 1000, /* one with much to write back takes its time to die */
};

static int did_not_die(const struct container_row *row, struct error *err)
{
	err_set(err, ERR_TIMEOUT, "cannot kill container \"%s\": it does not end", row->name);
	return err_cause(err, "SIGKILL was sent %d s ago", KILL_PATIENCE_MS / 1000);
}

/* --- kill --- */

static bool is_to_end(const struct container_row *row, int sig)
{
	return sig == SIGKILL || sig == row->config.stop_signal;
}

/* Between two runs there is nobody to get it, but one that is to end it for good is for its monitor. */
static bool can_be_cancelled(struct engine *engine, const struct container_row *row, int sig)
{
	struct monitor_status status;
	return is_to_end(row, sig) && status_of(engine, row->id, &status, NULL) > 0 &&
	       status.state == MONITOR_STATE_RESTARTING;
}

/* What is to end has to run for that. */
static void thaw_for(struct engine *engine, const struct container_row *row, const struct live *live, int sig)
{
	if (live->paused && is_to_end(row, sig))
		live_thaw(engine, row->id, live->dir);
}

static int await_death(const struct container_row *row, struct await *await, struct error *err)
{
	int exit_code, r = await_end(await, KILL_PATIENCE_MS, &exit_code, err);
	if (r == 0)
		return did_not_die(row, err);
	return r < 0 ? r : engine_container_finish(await->engine, row->id, err);
}

/* By its monitor, which has to know whether it may be started again. */
static int send_signal(struct engine *engine, const struct container_row *row, int sig, struct await *ret,
		       struct error *err)
{
	const int32_t number = sig;
	int connection = monitor_tell(engine, row->id, PACKET_SIGNAL, &number, sizeof number, err);
	if (connection == -ERR_STATE)
		return live_not_running(row, "kill", err);
	if (connection < 0)
		return connection;
	(void)packet_send(connection, PACKET_MUTE, NULL, 0);
	await_on(engine, row->id, connection, ret);
	ret->for_good = sig == SIGKILL;
	return 0;
}

int engine_container_kill(struct engine *engine, const char *name, int sig, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_await_ struct await await = { .connection = -1 };
	_cleanup_live_ struct live live = LIVE_NONE;
	int r = container_load_row(engine, name, &row, err);
	if (r < 0 || (r = live_open(engine, &row, &live, err)) < 0)
		return r;
	if (r == 0 && !can_be_cancelled(engine, &row, sig))
		return live_not_running(&row, "kill", err);
	if ((r = send_signal(engine, &row, sig, &await, err)) < 0)
		return r;
	thaw_for(engine, &row, &live, sig);
	return sig == SIGKILL ? await_death(&row, &await, err) : 0;
}

/* --- stop --- */

struct stop {
	struct engine *engine;
	struct container_row row;
	bool asked; /* its monitor; else there is none, and nothing is to be done */
	struct await await;
	struct stop_result result; /* what it will be, if it does not end by itself */
};

static void stop_free(struct stop *stop)
{
	await_done(&stop->await);
	container_row_done(&stop->row);
	free(stop);
}
DEFINE_CLEANUP(struct stop *, stop_free);

static int64_t choose_timeout(const struct container_row *row, const struct stop_options *options)
{
	return options->has_timeout ? options->timeout_s : config_stop_timeout_s(&row->config);
}

/* The kernel drops a signal for the first process of a pid namespace unless it has a handler (pid_namespaces(7)). */
static bool has_handler(pid_t pid, int sig)
{
	enum { STATUS_MAX = 64 * 1024 };
	static const char field[] = "\nSigCgt:";
	char path[64];
	_cleanup_free_ char *text = NULL;
	snprintf(path, sizeof path, "/proc/%d/status", pid);
	const char *line = file_read(AT_FDCWD, path, STATUS_MAX, &text, NULL, NULL) < 0 ? NULL : strstr(text, field);
	uint64_t caught = line ? strtoull(line + strlen(field), NULL, 16) : UINT64_MAX;
	return caught & (UINT64_C(1) << (sig - 1));
}

static const enum stop_reason REASONS[] = {
	[STOP_FOR_GOOD] = STOP_BY_STOP,
	[STOP_TO_RESTART] = STOP_BY_RESTART,
	[STOP_WITH_MACHINE] = STOP_BY_SHUTDOWN,
};

/* Also one that is about to start, or to be started again, may be stopped: its monitor sees to that. */
static int ask(struct stop *stop, const struct stop_options *options, struct error *err)
{
	struct stop_result *result = &stop->result;
	struct engine *engine = stop->engine;
	_cleanup_live_ struct live live = LIVE_NONE;
	result->sig = options->sig ? options->sig : stop->row.config.stop_signal;
	result->timeout_s = choose_timeout(&stop->row, options);
	int r = live_open(engine, &stop->row, &live, err);
	if (r < 0)
		return r;
	result->has_handler = r == 0 || has_handler(live.status.pid, result->sig);
	int64_t timeout_ms = result->timeout_s < 0 ? -1 : MIN(result->timeout_s, (int64_t)INT32_MAX / 1000) * 1000;
	const struct packet_stop wish = {
		.signal = result->sig,
		.timeout_ms = (int32_t)timeout_ms,
		.reason = REASONS[options->purpose],
	};
	int connection = monitor_tell(engine, stop->row.id, PACKET_STOP, &wish, sizeof wish, err);
	if (connection < 0)
		return connection;
	(void)packet_send(connection, PACKET_MUTE, NULL, 0);
	await_on(engine, stop->row.id, connection, &stop->await);
	stop->await.for_good = true;
	if (r > 0 && live.paused)
		live_thaw(engine, stop->row.id, live.dir);
	stop->asked = true;
	return 0;
}

int engine_stop_begin(struct engine *engine, const char *name, const struct stop_options *options, struct stop **ret,
		      struct error *err)
{
	_cleanup_(stop_freep) struct stop *stop = NEW(struct stop);
	stop->engine = engine;
	stop->await.connection = -1;
	int r = container_load_row(engine, name, &stop->row, err);
	if (r >= 0 && stop->row.state == STATE_RUNNING && streq(stop->row.runroot, engine->runroot))
		r = ask(stop, options, err);
	/* One whose monitor is not there, or not any more, has ended, which is all that we want. */
	if (r == -ERR_STATE) {
		err_clear(err);
		r = reconcile_container(engine, stop->row.id, err);
	}
	if (r < 0)
		return r;
	*ret = TAKE_PTR(stop);
	return 0;
}

/* Somebody may have paused it after it was asked, and then not even SIGKILL ends it. */
static int await_stubborn(struct stop *stop, struct error *err)
{
	_cleanup_close_ int dir = run_dir_open(stop->engine, stop->row.id);
	if (dir >= 0)
		live_thaw(stop->engine, stop->row.id, dir);
	return await_death(&stop->row, &stop->await, err);
}

static int await_stopped(struct stop *stop, struct error *err)
{
	int64_t timeout_s = stop->result.timeout_s;
	bool bounded = timeout_s >= 0 && timeout_s < INT32_MAX / 1000 - KILL_PATIENCE_MS;
	int64_t start = time_monotonic_ns();
	int patience_ms = bounded ? (int)timeout_s * 1000 + KILL_PATIENCE_MS : -1;
	int exit_code, r = await_end(&stop->await, patience_ms, &exit_code, err);
	if (r > 0) {
		bool late = time_monotonic_ns() - start >= timeout_s * NSEC_PER_SEC;
		stop->result.killed = bounded && late && exit_code == 128 + SIGKILL;
		return engine_container_finish(stop->engine, stop->row.id, err);
	}
	return r < 0 ? r : await_stubborn(stop, err);
}

int engine_stop_finish(struct stop *given, struct stop_result *ret, struct error *err)
{
	_cleanup_(stop_freep) struct stop *stop = given;
	int r = stop->asked ? await_stopped(stop, err) : 0;
	if (r >= 0)
		*ret = stop->result;
	return r;
}

/* --- wait --- */

struct container_wait {
	struct await await;
	bool runs;
	int exit_code;
};

int engine_wait_begin(struct engine *engine, const char *name, struct container_wait **ret, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	int r = container_load_row(engine, name, &row, err);
	if (r < 0)
		return r;
	struct container_wait *wait = NEW(struct container_wait);
	wait->await.connection = -1;
	wait->runs = row.state == STATE_RUNNING && streq(row.runroot, engine->runroot);
	if (wait->runs)
		await_begin(engine, row.id, &wait->await);
	else
		wait->exit_code = row.exit_code;
	*ret = wait;
	return 0;
}

int engine_wait_finish(struct container_wait *wait, int *ret_exit_code, struct error *err)
{
	enum { FOR_EVER = -1 };
	int r = wait->runs ? await_end(&wait->await, FOR_EVER, &wait->exit_code, err) : 0;
	if (r >= 0)
		*ret_exit_code = wait->exit_code;
	await_done(&wait->await);
	free(wait);
	return r < 0 ? r : 0;
}
