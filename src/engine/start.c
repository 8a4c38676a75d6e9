/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a container: its monitor is started with one end of a connection and the lock of the run directory, and says
 * what became of it. From then on the monitor holds the lock, and we do not.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/process.h"
#include "base/str.h"
#include "base/timeline.h"
#include "build-config.h"
#include "engine/engine-internal.h"
#include "engine/event.h"
#include "engine/image.h"
#include "engine/join.h"
#include "engine/launch-network.h"
#include "engine/live.h"
#include "engine/nesting.h"
#include "engine/network-attach.h"
#include "engine/network-listen.h"
#include "engine/pod-join.h"
#include "engine/reconcile.h"
#include "engine/record.h"
#include "engine/userns.h"
#include "engine/volume-attach.h"
#include "engine/volume-mounts.h"
#include "runtime/container.h"
#include "storage/snapshot.h"

#define LOG_FILE "log"
#define ENGINE_PROGRAM "coffer"

enum {
	LOG_TAIL = 512,
	LOG_MAX = 1 << 20,
};

/* --- what the monitor has to know --- */

/* The program that has the commands: us, unless we are something else that uses the engine, or were replaced. */
static char *engine_program(void)
{
	const char *self = process_own_path();
	if (streq(path_base(self), ENGINE_PROGRAM))
		return mem_strdup(self);
	_cleanup_free_ char *beside = process_helper_path(ENGINE_PROGRAM);
	return access(beside, X_OK) == 0 ? TAKE_PTR(beside) : mem_strdup(BINDIR "/" ENGINE_PROGRAM);
}

static char **cleanup_command(const struct engine *engine, const char *id)
{
	char **argv = NULL;
	const char *const words[] = { "--root", engine->root, "--runroot", engine->runroot, "container", "cleanup", id };
	strv_take(&argv, engine_program());
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		strv_append(&argv, words[i]);
	return argv;
}

static int write_plan(struct engine *engine, const struct launch *launch, bool detach, struct error *err)
{
	bool whole = snapshot_is_whole(engine->store, launch->id, NULL); /* config.json has its directory */
	struct monitor_plan plan = {
		.id = mem_strdup(launch->id),
		.name = mem_strdup(launch->name),
		.runtime_root = engine_runtime_root(engine),
		.cache_dir = path_join(engine->root, "cache/seccomp"),
		.joins = strv_copy(launch->joins),
		.images = launch->images,
		.n_images = launch->n_images,
		.pid_file = mem_strdup(launch->pid_file),
		.lower = whole ? NULL : strv_copy(launch->lower),
		.upper = snapshot_upper(engine->store, launch->id),
		.work = snapshot_work(engine->store, launch->id),
		.ephemeral = launch->auto_remove,
		.fuse = snapshot_is_fuse(engine->store, launch->id),
		.open_stdin = launch->open_stdin,
		.stdin_once = launch->open_stdin && !detach,
		.notify = launch->notify,
		.log = launch->log,
		.health = launch->health,
		.records_path = engine_records_path(engine, launch->id),
		.cleanup = cleanup_command(engine, launch->id),
		.map_ids = launch->uid_map && !snapshot_is_shifted(engine->store, launch->id),
		.stop_signal = launch->stop_signal,
		.cgroup_manager = launch->cgroup_manager,
		.pressure = strv_copy(launch->pressure),
		.relay = launch->relay ? strv_copy(launch->relay) : NULL,
		.restart = launch->restart,
		.restart_max = launch->restart_max,
		.events_path = engine_events_path(engine),
		.event_attributes = strv_copy(launch->event_attributes),
	};
	int r = monitor_plan_write(&plan, launch->dir.fd, err);
	plan.log = (struct log_plan){ 0 }; /* they stay the launch's */
	plan.images = NULL;
	plan.n_images = 0;
	plan.health = (struct health_plan){ 0 };
	monitor_plan_done(&plan);
	return r;
}

/* --- the monitor --- */

/*
 * Kept open: giving back the mount that protects it takes the kernel a while, for which nobody waits at the end of a
 * process. Above the numbers that the monitor's own fds get, for it is executed by its number.
 */
static int open_monitor(struct engine *engine, struct error *err)
{
	if (engine->monitor >= 0)
		return 0;
	_cleanup_free_ char *path = process_helper_path(MONITOR_PROGRAM);
	int fd = self_protected_program(path, err);
	if (fd < 0)
		return err_wrap(err, "start the monitor");
	int above = fd_move_above(fd, MONITOR_RELAY_FD + MONITOR_RELAY_MAX);
	if (above < 0) {
		fd_close(fd);
		return err_sys(err, -above, "start the monitor");
	}
	engine->monitor = above;
	return 0;
}

static int open_log(int dir, struct error *err)
{
	int fd = openat(dir, LOG_FILE, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? err_sys(err, errno, "open the log of the monitor") : fd;
}

static int spawn_monitor(struct engine *engine, const struct launch *launch, int control, struct error *err)
{
	_cleanup_close_ int log = open_log(launch->dir.fd, err);
	if (log < 0)
		return log;
	_cleanup_free_ char *dir = mem_printf("%s/containers/%s", engine->runroot, launch->id);
	struct fd_path program = fd_path(engine->monitor);
	char *argv[] = { (char *)MONITOR_PROGRAM, launch->name, dir, NULL, NULL };
	bool passes = launch->log.driver == LOG_DRIVER_PASSTHROUGH;
	int pass_fds[FD_PASS_MAX] = { control, launch->dir.lock, launch->netns, launch->userns };
	size_t n_sockets = strv_count(launch->relay);
	static_assert(MONITOR_CONTROL_FD == (int)PASS_FD_FIRST && MONITOR_LOCK_FD == PASS_FD_FIRST + 1 &&
			      MONITOR_NETNS_FD == PASS_FD_FIRST + 2 && MONITOR_USERNS_FD == PASS_FD_FIRST + 3 &&
			      MONITOR_RELAY_FD == PASS_FD_FIRST + 4,
		      "in this order");
	for (size_t i = 0; i < n_sockets; i++)
		pass_fds[MONITOR_RELAY_FD - PASS_FD_FIRST + i] = launch->sockets[i];
	size_t n_pass_fds = n_sockets > 0	  ? MONITOR_RELAY_FD - PASS_FD_FIRST + n_sockets
			    : launch->userns >= 0 ? 4
			    : launch->netns >= 0  ? 3
						  : 2;
	if (timeline_fd() >= 0 && n_sockets < MONITOR_RELAY_MAX) {
		n_pass_fds = MONITOR_RELAY_FD - PASS_FD_FIRST + n_sockets;
		pass_fds[n_pass_fds++] = timeline_fd();
		argv[3] = (char *)MONITOR_TRACE;
	}
	const struct process_spawn spawn = {
		.path = program.text,
		.argv = argv,
		.stdio = { passes ? STDIN_FILENO : -1, passes ? STDOUT_FILENO : -1, passes ? STDERR_FILENO : log },
		.pass_fds = pass_fds,
		.n_pass_fds = n_pass_fds,
		.new_session = true,
	};
	pid_t pid;
	int r = process_spawn(&spawn, &pid, err);
	if (r < 0)
		return err_wrap(err, "start the monitor");
	child_add(engine, launch->id, pid);
	return 0;
}

/* A program that gets the terminal of whoever started it could type there. */
static int check_passthrough(const struct launch *launch, struct error *err)
{
	bool terminal = isatty(STDIN_FILENO) || isatty(STDOUT_FILENO) || isatty(STDERR_FILENO);
	if (launch->log.driver != LOG_DRIVER_PASSTHROUGH || !terminal)
		return 0;
	return err_set(err, ERR_TTY, "the log driver passthrough cannot be used on a terminal");
}

/* Returns our end of the connection; the lock is the monitor's alone then. */
static int start_monitor(struct engine *engine, struct launch *launch, struct error *err)
{
	int ends[2];
	int r = check_passthrough(launch, err);
	if (r >= 0)
		r = open_monitor(engine, err);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(err, errno, "make a connection to the monitor");
	_cleanup_close_ int ours = ends[0];
	_cleanup_close_ int theirs = ends[1];
	r = spawn_monitor(engine, launch, theirs, err);
	if (r < 0)
		return r;
	timeline_step("monitor started");
	fd_close(TAKE_FD(launch->dir.lock));
	return TAKE_FD(ours);
}

/* --- what it says --- */

/* The last line of the monitor's log, for want of something better to say. */
static void cause_from_log(int dir, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	if (file_read(dir, LOG_FILE, LOG_MAX, &text, &len, NULL) < 0)
		return;
	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	const char *newline = strrchr(text, '\n');
	const char *line = newline ? newline + 1 : text;
	if (*line)
		err_cause(err, "the last that it said: %.*s", LOG_TAIL, line);
}

/* The words of a line of the log, which end with its quotes, and have backslashes before what is quoted in them. */
static char *unquote(const char *words)
{
	struct str text = { 0 };
	for (; *words && *words != '"'; words++) {
		if (*words == '\\' && words[1])
			words++;
		str_append_char(&text, *words);
	}
	return str_take(&text);
}

/* The monitor has it in its log; who has started the container is to know it now. */
static void say_what_became_of_limits(const struct launch *launch)
{
	_cleanup_free_ char *text = NULL;
	if (file_read(launch->dir.fd, LOG_FILE, LOG_MAX, &text, NULL, NULL) < 0)
		return;
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	for (char **line = lines; *line; line++) {
		const char *left_out = strstr(*line, CGROUP_LEFT_OUT);
		const char *words = left_out ? left_out : strstr(*line, CGROUP_NO_EFFECT);
		_cleanup_free_ char *said = words ? unquote(words) : NULL;
		if (said)
			log_warn("%s", said);
	}
}

static int monitor_died(struct engine *engine, const struct launch *launch, struct error *err)
{
	int status = child_wait(engine, launch->id);
	if (WIFSIGNALED(status))
		err_set(err, ERR_INTERNAL, "cannot start \"%s\": its monitor was killed by signal %d", launch->name,
			WTERMSIG(status));
	else
		err_set(err, ERR_INTERNAL, "cannot start \"%s\": its monitor ended with status %d", launch->name,
			WEXITSTATUS(status));
	cause_from_log(launch->dir.fd, err);
	return -ERR_INTERNAL;
}

/* Wait for STARTED, and take nothing that comes behind it. Hooks may take their time, so there is no limit. */
static int await_start(struct engine *engine, const struct launch *launch, int connection, struct error *err)
{
	_cleanup_free_ void *buf = mem_alloc(MONITOR_PACKET_MAX);
	for (;;) {
		enum packet_type type;
		const void *payload;
		size_t len;
		int r = packet_receive(connection, buf, &type, &payload, &len);
		if (r == 0 || r == -ECONNRESET)
			return monitor_died(engine, launch, err);
		if (r < 0)
			return err_sys(err, -r, "hear from the monitor of \"%s\"", launch->name);
		if (type == PACKET_STARTED) {
			timeline_step("heard that it runs");
			return 0;
		}
		if (type == PACKET_ERROR)
			return packet_error(payload, len, err);
	}
}

static int tell_monitor(int connection, enum packet_type type, struct error *err)
{
	int r = packet_send(connection, type, NULL, 0);
	/* One that died before it read has more to say than we have. */
	return r == 0 || r == -EPIPE || r == -ECONNRESET ? 0 : err_sys(err, -r, "speak to the monitor");
}

static int ask_to_start(int connection, bool detach, struct error *err)
{
	int r = detach ? 0 : tell_monitor(connection, PACKET_OWNER, err);
	return r < 0 ? r : tell_monitor(connection, PACKET_START, err);
}

/* --- when it could not be started --- */

static int erase_started(struct engine *engine, struct db *db, struct launch *launch, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	int r = container_row_load(db, launch->id, &row, err);
	return r < 0 ? r : container_erase(engine, &row, &launch->dir, true, err);
}

static int detach_volumes(struct engine *engine, struct db *db, const struct launch *launch, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	int r = launch->has_volumes ? container_row_load(db, launch->id, &row, err) : 0;
	return r <= 0 ? r : volumes_detach(engine, &row, err);
}

/* The monitor has cleaned up and ends, or has died and left all as it was. */
static int take_back(struct engine *engine, struct launch *launch, const struct error *why, struct error *err)
{
	enum { PATIENCE_MS = 10 * 1000 };
	struct monitor_status status;
	struct db *db;
	(void)child_wait(engine, launch->id);
	if (launch->dir.lock < 0) {
		run_dir_close(&launch->dir);
		int locked = run_dir_lock(engine, launch->id, PATIENCE_MS, &launch->dir, err);
		if (locked <= 0)
			return locked;
	}
	int r = container_clear_remains(engine, launch->id, &launch->dir, &status, err);
	if (r < 0)
		return r;
	r = engine_db(engine, &db, err);
	if (r >= 0 && launch->auto_remove)
		return erase_started(engine, db, launch, err);
	if (r >= 0)
		r = network_detach(engine, launch->id, err);
	if (r >= 0)
		r = container_row_set_failed(db, launch->id, why, err);
	if (r >= 0)
		r = detach_volumes(engine, db, launch, err);
	return r < 0 ? r : run_dir_remove(engine, launch->id, &launch->dir, err);
}

static int failed_to_start(struct engine *engine, struct launch *launch, struct error *why)
{
	struct error failure = { 0 };
	if (take_back(engine, launch, why, &failure) < 0)
		log_failure(LOG_LEVEL_WARN, "take back a container that could not be started", &failure);
	return -why->code;
}

/* --- from the beginning --- */

static bool take_created(struct engine *engine, const char *id, struct launch *ret)
{
	for (size_t i = 0; i < engine->n_created; i++) {
		if (!streq(engine->created[i].id, id))
			continue;
		*ret = engine->created[i];
		engine->created[i] = engine->created[--engine->n_created];
		return true;
	}
	return false;
}

static int read_diff_ids(struct engine *engine, const char *image_id, char ***ret, struct error *err)
{
	_cleanup_image_config_ struct image_config image = { 0 };
	int r = image_config_load(engine->store, image_id, &image, err);
	if (r >= 0)
		*ret = TAKE_PTR(image.diff_ids);
	return r;
}

/* One that has just ended may be somebody's to settle, who is about to do so. */
static int load_settled(struct engine *engine, const char *id, struct container_row *ret, struct error *err)
{
	struct monitor_status status;
	int r = reconcile_container(engine, id, err);
	if (r >= 0)
		r = status_of(engine, id, &status, err);
	if (r > 0 && status.state == MONITOR_STATE_EXITED)
		r = engine_container_finish(engine, id, err);
	return r < 0 ? r : container_load_row(engine, id, ret, err);
}

static int runs_already(struct engine *engine, const struct container_row *row, struct error *err)
{
	_cleanup_live_ struct live live = LIVE_NONE;
	int r = live_open(engine, row, &live, err);
	if (r > 0 && live.paused) {
		err_set(err, ERR_STATE, "cannot start a paused container, try unpause instead: \"%s\"", row->name);
		return err_hint(err, "coffer unpause %s", row->name);
	}
	return r < 0 ? r : err_set(err, ERR_STATE, "container \"%s\" is running already", row->name);
}

/* One that was created by another command, or has run before. */
static int prepare_again(struct engine *engine, const char *id, struct launch *ret, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_run_dir_ struct run_dir dir = RUN_DIR_NONE;
	_cleanup_strv_ char **diff_ids = NULL;
	int r = load_settled(engine, id, &row, err);
	if (r < 0)
		return r;
	if (row.state == STATE_RUNNING)
		return runs_already(engine, &row, err);
	if ((r = read_diff_ids(engine, row.image_id, &diff_ids, err)) < 0 ||
	    (r = run_dir_make(engine, id, &dir, err)) < 0)
		return r;
	r = launch_prepare(engine, id, &row.config, row.image_id, diff_ids, &dir, ret, err);
	if (r >= 0 && (r = volume_mounts_prepare(engine, &row, err)) < 0) {
		dir = ret->dir;
		ret->dir = RUN_DIR_NONE;
	}
	if (r < 0) {
		(void)run_dir_remove(engine, id, &dir, NULL);
		return r;
	}
	launch_named(engine, ret, &row);
	return 0;
}

static int attach_volumes(struct engine *engine, struct db *db, const struct launch *launch, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	int r = launch->has_volumes ? container_row_load(db, launch->id, &row, err) : 0;
	return r <= 0 ? r : volumes_attach(engine, &row, err);
}

/* What the container has while its row says that it runs. */
static int take_resources(struct engine *engine, struct launch *launch, struct launch_network *network,
			  struct error *err)
{
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = container_row_set_running(db, launch->id, engine->runroot, err);
	if (r >= 0)
		r = attach_volumes(engine, db, launch, err);
	if (r >= 0)
		r = launch_network_begin(engine, launch, network, err);
	if (r >= 0 && launch->networked)
		timeline_step("addresses reserved, network namespace made");
	if (r >= 0)
		r = launch_give_files(launch, err);
	if (r >= 0 && launch->networked)
		network_listen_start(engine, launch->id, &launch->relay, launch->sockets);
	return r;
}

/*
 * The monitor is executed before all that it does not inherit, and waits for its plan: an exec takes as long as a commit.
 * Files of networks are inherited, and there only for one whose row says that it runs.
 */
static int launch_monitor(struct engine *engine, struct launch *launch, struct launch_network *network, bool detach,
			  struct error *err)
{
	_cleanup_close_ int connection = -1;
	int r = launch->pod ? pod_start_infra(engine, launch->pod, launch->id, err) : 0;
	if (r >= 0)
		r = join_check(engine, launch->joins, err);
	if (r >= 0)
		r = userns_open(engine, launch, &launch->userns, err);
	if (r >= 0 && !launch->networked)
		r = connection = start_monitor(engine, launch, err);
	if (r >= 0)
		r = take_resources(engine, launch, network, err);
	if (r >= 0 && launch->networked)
		r = connection = start_monitor(engine, launch, err);
	if (r >= 0)
		r = write_plan(engine, launch, detach, err);
	if (r >= 0)
		r = tell_monitor(connection, PACKET_PLAN, err);
	return r < 0 ? r : TAKE_FD(connection);
}

/* The monitor works now, and we wait. */
static void expect_end(struct engine *engine, const struct launch *launch, bool detach)
{
	struct db *db;
	if (!detach && launch->auto_remove && engine_db(engine, &db, NULL) >= 0)
		container_row_expect_delete(db);
}

static int start(struct engine *engine, struct launch *launch, bool detach, int *ret_attach, struct error *err)
{
	_cleanup_launch_network_ struct launch_network network = { 0 };
	_cleanup_close_ int connection = launch_monitor(engine, launch, &network, detach, err);
	if (connection < 0)
		return connection;
	/* While the monitor makes the container, which stands still until it is asked to start. */
	int r = launch_network_finish(engine, launch, &network, err);
	if (r >= 0 && launch->networked)
		timeline_step("network connected");
	if (r >= 0)
		r = ask_to_start(connection, detach, err);
	if (r >= 0)
		expect_end(engine, launch, detach);
	if (r >= 0)
		r = await_start(engine, launch, connection, err);
	if (r >= 0)
		say_what_became_of_limits(launch);
	if (r >= 0 && !detach)
		*ret_attach = TAKE_FD(connection);
	return r;
}

int engine_container_start(struct engine *engine, const char *id, bool detach, int *ret_attach, struct error *err)
{
	_cleanup_launch_ struct launch launch = LAUNCH_NONE;
	struct error why = { 0 };
	children_reap(engine);
	int r = take_created(engine, id, &launch) ? 0 : prepare_again(engine, id, &launch, err);
	if (r < 0) {
		(void)err_stage(err, STAGE_CREATE);
		return r;
	}
	r = start(engine, &launch, detach, ret_attach, &why);
	if (r >= 0)
		return 0;
	(void)err_stage(&why, STAGE_CREATE);
	nesting_explain(&why);
	event_start_failed(engine, id, &why);
	r = failed_to_start(engine, &launch, &why);
	if (err)
		*err = why;
	return r;
}
