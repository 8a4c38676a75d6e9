/* SPDX-License-Identifier: Apache-2.0 */
/* From a bundle to a running container, and on to its end. */
#include "monitor/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "base/timeline.h"
#include "base/util.h"
#include "monitor/monitor-internal.h"
#include "runtime/user-namespace.h"
#include "storage/overlay.h"

#define NO_INIT ((struct container_init){ .pidfd = -1, .console = -1, .sync = -1 })

struct monitor *monitor_new(const struct monitor_options *options)
{
	struct monitor *monitor = NEW(struct monitor);
	monitor->options = options;
	monitor->start_asked = options->start;
	monitor->init = NO_INIT;
	monitor->status = (struct monitor_status){ .memory_limit = -1, .memory_peak = -1 };
	monitor->epoll = -1;
	monitor->signals.fd = -1;
	monitor->listener.fd = -1;
	monitor->notify.fd = -1;
	monitor->log_watch.fd = -1;
	monitor->records = -1;
	recorder_init(monitor);
	alarms_init(monitor);
	io_reset(monitor);
	peers_init(monitor);
	return monitor;
}

static void monitor_free(struct monitor *monitor)
{
	peers_close(monitor);
	io_close(monitor);
	watch_close(monitor, &monitor->notify);
	watch_close(monitor, &monitor->signals);
	health_free(monitor);
	if (monitor->records != monitor->options->dir)
		fd_close(monitor->records);
	fd_close(monitor->epoll);
	container_log_close(monitor->log, time_now_ns());
	container_init_done(&monitor->init);
	container_free(monitor->container);
	spec_free(monitor->spec);
	monitor_plan_done(&monitor->plan);
	free(monitor);
}

/* --- 1. What is to run --- */

static int read_spec(struct monitor *monitor, struct error *err)
{
	int r = spec_load(monitor->options->dir, "config.json", &monitor->spec, err);
	if (r < 0)
		return r;
	return monitor->spec->process ? 0 : err_set(err, ERR_SPEC, "config.json has no process to start");
}

static int open_records(struct monitor *monitor, struct error *err)
{
	const char *path = monitor->plan.records_path;
	monitor->records = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : monitor->options->dir;
	return monitor->records < 0 ? err_sys(err, errno, "open directory '%s'", path) : 0;
}

static int read_bundle(struct monitor *monitor, struct error *err)
{
	int r = monitor_plan_read(monitor->options->dir, &monitor->plan, err);
	if (r < 0 || (r = read_spec(monitor, err)) < 0)
		return r;
	if (monitor->plan.stop_signal == 0)
		monitor->plan.stop_signal = SIGTERM;
	relay_take(monitor);
	r = open_records(monitor, err);
	if (r >= 0)
		r = notify_open(monitor, err);
	return r < 0 ? r : io_open_log(monitor, err);
}

/* Whoever starts us is still writing it. Signals wait, too: there is nothing yet that could be stopped. */
static int await_plan(struct monitor *monitor, struct error *err)
{
	enum packet_type type;
	const void *payload;
	size_t len;
	if (monitor->options->control < 0)
		return 0;
	int r = packet_receive(monitor->options->control, monitor->packet, &type, &payload, &len);
	if (r > 0 && type == PACKET_PLAN)
		return 0;
	return err_set(err, ERR_CANCELLED, "the command that was to start the container is gone");
}

static int prepare(struct monitor *monitor, struct error *err)
{
	int r = loop_open(monitor, err);
	if (r < 0 || (r = await_plan(monitor, err)) < 0)
		return r;
	if (monitor->options->control >= 0)
		peer_add(monitor, monitor->options->control);
	/* What the container's processes leave behind outside of its pid namespace becomes ours. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "become a subreaper");
	return read_bundle(monitor, err);
}

/* --- 2. Create --- */

/* A copy of the image is one directory, which the runtime mounts by itself as it is. */
static int mount_copy(const struct monitor_plan *plan, const int *user_namespace, int *ret_mount, struct error *err)
{
	if (!user_namespace)
		return 0;
	int mount = overlay_mount_copy(plan->upper, *user_namespace, err);
	if (mount < 0)
		return mount;
	*ret_mount = mount;
	return 0;
}

/* Returns the mount's fd, or -1 if root.path of config.json is to be used. */
static int mount_rootfs(const struct monitor_plan *plan, const int *user_namespace, int *ret_mount, struct error *err)
{
	if (!plan->lower)
		return mount_copy(plan, user_namespace, ret_mount, err);
	struct overlay_options options = {
		.lower = plan->lower,
		.upper = plan->upper,
		.work = plan->work,
		.ephemeral = plan->ephemeral,
		.fuse = plan->fuse,
		.userxattr = user_namespace_is_own(),
		.user_namespace = user_namespace,
	};
	int mount = overlay_mount(&options, err);
	if (mount < 0)
		return mount;
	timeline_step("%zu layers mounted, and its own on top", strv_count(plan->lower));
	*ret_mount = mount;
	return 0;
}

/* Without it the filter is compiled anew, which is slow but not wrong. */
int monitor_open_cache(const struct monitor_plan *plan)
{
	int dir = plan->cache_dir ? open(plan->cache_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (plan->cache_dir && dir < 0)
		log_warn("open cache directory '%s': error %d", plan->cache_dir, errno);
	return dir;
}

/* A container that nobody can attach to is better than none. */
static void listen_for_peers(struct monitor *monitor)
{
	struct error err = { 0 };
	if (monitor->listener.fd < 0 && peers_listen(monitor, &err) < 0)
		log_failure(LOG_LEVEL_ERROR, "nobody can attach", &err);
}

/* Nobody waits for us: the init process takes longer. Who connects now is heard when the container is there. */
static void prepare_to_serve(const struct container *container, void *data)
{
	struct monitor *monitor = data;
	recorder_begin(monitor, container);
	listen_for_peers(monitor);
}

static int create(struct monitor *monitor, struct error *err)
{
	const struct monitor_plan *plan = &monitor->plan;
	bool terminal = monitor->spec->process->terminal;
	_cleanup_stdio_ends_ struct stdio_ends ends = { .fds = { -1, -1, -1 } };
	_cleanup_joined_ struct joined joined = JOINED_NONE;
	_cleanup_image_mounts_ struct image_mounts images = { 0 };
	_cleanup_close_ int rootfs = -1;
	int userns, r = join_containers(monitor, &joined, err);
	const int *mapped = r < 0 ? NULL : user_namespace_of(monitor, &joined, &userns);
	if (r < 0 || (r = mount_rootfs(plan, mapped, &rootfs, err)) < 0 ||
	    (r = image_mounts_open(monitor, mapped, &images, err)) < 0 ||
	    (!terminal && (r = io_open_pipes(monitor, &ends, err)) < 0))
		return r;
	_cleanup_close_ int cache = monitor_open_cache(plan);
	struct container_create_options options = {
		.root = plan->runtime_root,
		.id = plan->id,
		.bundle = monitor->options->path,
		.bundle_fd = monitor->options->dir,
		.spec = monitor->spec,
		.rootfs_mount = rootfs,
		.cache_dir = cache,
		.stdio = { ends.fds[0], ends.fds[1], ends.fds[2] },
		.in_process_start = true,
		.cgroup_manager = plan->cgroup_manager,
		.meanwhile = prepare_to_serve,
		.meanwhile_data = monitor,
	};
	r = container_create(&options, &monitor->container, &monitor->init, err);
	if (r < 0) {
		recorder_forget(monitor);
		return r;
	}
	monitor->status.pid = monitor->container->pid;
	monitor->status.start_time = monitor->container->start_time;
	return terminal ? io_open_terminal(monitor, &monitor->init.console, err) : 0;
}

static void announce(struct monitor *monitor)
{
	struct packet_created created;
	memset(&created, 0, sizeof created); /* its padding goes over the wire */
	created.pid = monitor->status.pid;
	created.start_time = monitor->status.start_time;
	deliver_copy(monitor, PACKET_CREATED, &created, sizeof created);
}

/* --- 3. Start --- */

static bool nobody_will_start(const struct monitor *monitor)
{
	return monitor->ended || monitor->stop.asked || peers_count(monitor) == 0;
}

static int wait_for_start(struct monitor *monitor, struct error *err)
{
	/* A starter in a hurry has said it before we asked: then there is no state in between to tell anybody of. */
	while (!monitor->start_asked && loop_once(monitor, 0))
		;
	if (monitor->start_asked)
		return 0;
	int r = monitor_status_write(&monitor->status, monitor->options->dir, err);
	if (r < 0)
		return r;
	while (!monitor->start_asked && !nobody_will_start(monitor))
		(void)loop_once(monitor, -1);
	if (monitor->start_asked && !monitor->stop.asked)
		return 0;
	if (monitor->ended || monitor->stop.asked)
		return err_set(err, ERR_CANCELLED, "the container was stopped before it was started");
	return err_set(err, ERR_CANCELLED, "the command that was to start the container is gone");
}

/* Before the program runs: whoever finds a pid in it finds one that is right. */
static int write_pid_file(const struct monitor *monitor, struct error *err)
{
	enum { MODE = 0644 };
	const char *path = monitor->plan.pid_file;
	char text[16];
	if (!path)
		return 0;
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, MODE);
	int len = snprintf(text, sizeof text, "%d\n", monitor->status.pid);
	int r = fd < 0 ? -errno : fd_write_all(fd, text, (size_t)len);
	return r < 0 ? err_sys(err, -r, "write the pid to '%s'", path) : 0;
}

static int start(struct monitor *monitor, struct error *err)
{
	int r = alarms_begin(monitor, err);
	if (r >= 0)
		r = write_pid_file(monitor, err);
	if (r >= 0)
		r = container_release(monitor->container, &monitor->init, err);
	if (r < 0)
		return r;
	timeline_step("program executed: %s", monitor->spec->process->args[0]);
	timeline_end();
	monitor->status.state = MONITOR_STATE_RUNNING;
	monitor->status.started_at = time_now_ns();
	r = monitor_status_write(&monitor->status, monitor->options->dir, err);
	if (r < 0)
		return r;
	event_started(monitor);
	health_begin(monitor);
	relay_begin(monitor);
	deliver_copy(monitor, PACKET_STARTED, NULL, 0);
	recorder_write_start(monitor);
	io_flow(monitor);
	return 0;
}

static int bring_up(struct monitor *monitor, struct error *err)
{
	int r;
	if ((r = prepare(monitor, err)) < 0)
		return r;
	timeline_step("configuration read, log opened");
	r = create(monitor, err);
	if (r < 0)
		return r;
	timeline_step("container created");
	announce(monitor);
	r = wait_for_start(monitor, err);
	return r < 0 ? r : start(monitor, err);
}

/* --- 4. Serve --- */

static void serve(struct monitor *monitor)
{
	/* What it took to get here is given back; from now on nothing is allocated. */
	spec_free(TAKE_PTR(monitor->spec));
	malloc_trim(0);
	while (!monitor->ended)
		(void)loop_once(monitor, -1);
}

/* --- 5. Again --- */

/* What the last run has left in the status is true no more. */
static void reset_run(struct monitor *monitor)
{
	struct monitor_status *status = &monitor->status;
	io_reset(monitor);
	monitor->init = NO_INIT;
	monitor->ended = false;
	status->pid = 0;
	status->start_time = 0;
	status->exit_code = status->signal = 0;
	status->oom_killed = false;
	status->death = (struct death){ 0 };
	status->memory_limit = status->memory_peak = -1;
}

static int bring_up_again(struct monitor *monitor, struct error *err)
{
	reset_run(monitor);
	int r = read_spec(monitor, err);
	if (r < 0 || (r = create(monitor, err)) < 0)
		return r;
	return start(monitor, err);
}

/* From one run that has come up, or not, to its end. Returns whether there is to be another one. */
static bool run(struct monitor *monitor, int brought_up, struct error *failure)
{
	if (brought_up < 0) {
		err_stage(failure, STAGE_CREATE);
		if (monitor->status.restart_count > 0) /* of the first time, who has started it tells */
			event_restart_failed(monitor, failure);
		return monitor_end(monitor, failure);
	}
	serve(monitor);
	return monitor_end(monitor, NULL);
}

int monitor_run(const struct monitor_options *options, struct error *err)
{
	struct monitor *monitor = monitor_new(options);
	struct error failure = { 0 };
	int r = bring_up(monitor, &failure);
	while (run(monitor, r, &failure)) {
		if (!restart_wait(monitor)) {
			monitor_cancel(monitor);
			break;
		}
		r = bring_up_again(monitor, &failure);
	}
	monitor_finish(monitor);
	if (r < 0 && err)
		*err = failure;
	r = r < 0 ? r : monitor->status.exit_code;
	monitor_free(monitor);
	return r;
}
