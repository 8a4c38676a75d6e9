/* SPDX-License-Identifier: Apache-2.0 */
/* container_create(), container_release(), container_start(): the creator's half of the conversation in runtime/init.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/process.h"
#include "base/str.h"
#include "base/time.h"
#include "base/timeline.h"
#include "base/util.h"
#include "runtime/annotation.h"
#include "runtime/cgroup-driver.h"
#include "runtime/container.h"
#include "runtime/credentials.h"
#include "runtime/criu.h"
#include "runtime/hooks.h"
#include "runtime/id-map.h"
#include "runtime/init.h"
#include "runtime/namespace-join.h"
#include "runtime/net-devices.h"
#include "runtime/procfs.h"
#include "runtime/rlimit.h"
#include "runtime/scheduling.h"
#include "runtime/seccomp-listener.h"
#include "runtime/state.h"

/* Everything that exists while a container is being made; creation_done() lets go of it, creation_undo() destroys it. */
struct creation {
	const struct container_create_options *options;
	const struct cgroup_driver *driver;
	struct container *container;
	struct cgroup *cgroup;
	struct seccomp_filter filter;
	bool has_filter;
	struct namespace_fds namespaces;
	struct rootfs rootfs;
	int state_dir;
	int proc;
	int resctrl;
	int fifo, news;
	int sync[2]; /* ours, init's */
	bool in_cgroup; /* init, by birth */
	struct hook_streams hook_streams;
	struct container_init init;
};

static void creation_done(struct creation *creation)
{
	cgroup_free(creation->cgroup);
	seccomp_filter_done(&creation->filter);
	namespace_fds_close(&creation->namespaces);
	rootfs_close(&creation->rootfs);
	hook_streams_close(&creation->hook_streams);
	fd_close(creation->resctrl);
	fd_close(creation->state_dir);
	fd_close(creation->proc);
	fd_close(creation->fifo);
	fd_close(creation->news);
	fd_close(creation->sync[0]);
	fd_close(creation->sync[1]);
}

void container_init_done(struct container_init *init)
{
	fd_close(TAKE_FD(init->pidfd));
	fd_close(TAKE_FD(init->console));
	fd_close(TAKE_FD(init->sync));
}

static int undo_cgroup(struct creation *creation, struct error *err)
{
	int r = creation->init.pid > 0 ? cgroup_kill(creation->cgroup, err) : 0;
	if (r == 0 && creation->driver->destroy)
		r = creation->driver->destroy(creation->container, err);
	if (r == 0)
		r = cgroup_destroy(creation->cgroup, err);
	cgroup_protection_changed(creation->container);
	return r;
}

/* Take back what was made, in the reverse order, and keep @err as it is. */
static void creation_undo(struct creation *creation)
{
	struct error why = { 0 };
	if (creation->init.pid > 0) {
		(void)process_signal(creation->init.pidfd, SIGKILL);
		(void)RETRY_ON_EINTR(waitpid(creation->init.pid, NULL, __WALL));
	}
	container_init_done(&creation->init);
	if (creation->cgroup && cgroup_is_there(creation->cgroup) && undo_cgroup(creation, &why) < 0)
		log_failure(LOG_LEVEL_WARN, "clean up after a failed create", &why);
	if (creation->resctrl >= 0 && resctrl_remove(creation->resctrl, &creation->container->resctrl, &why) < 0)
		log_failure(LOG_LEVEL_WARN, "clean up after a failed create", &why);
	/* The environment was there: its end is one as any other. Source: runtime.md, "Lifecycle", 3 to 5. */
	if (creation->init.pid > 0)
		container_run_poststop(creation->container);
	if (creation->container && state_remove(creation->options->root, creation->options->id, &why) < 0)
		log_failure(LOG_LEVEL_WARN, "clean up after a failed create", &why);
	container_free(creation->container);
}

/* --- the steps --- */

static void copy_hooks(const struct spec_hooks *hooks, struct spec_hooks *ret)
{
	for (size_t i = 0; i < hooks->count; i++) {
		struct spec_hook *copy = ARRAY_APPEND(ret->hooks, ret->count);
		copy->path = mem_strdup(hooks->hooks[i].path);
		copy->args = hooks->hooks[i].args ? strv_copy(hooks->hooks[i].args) : NULL;
		copy->env = hooks->hooks[i].env ? strv_copy(hooks->hooks[i].env) : NULL;
		copy->timeout_seconds = hooks->hooks[i].timeout_seconds;
	}
}

static struct container *describe(const struct container_create_options *options)
{
	const struct spec *spec = options->spec;
	struct container *container = NEW(struct container);
	container->id = mem_strdup(options->id);
	container->root = mem_strdup(options->root);
	container->bundle = mem_strdup(options->bundle);
	container->rootfs = options->rootfs_mount >= 0 ? mem_strdup("") :
			    spec->root.path[0] == '/'  ? mem_strdup(spec->root.path) :
							 path_join(options->bundle, spec->root.path);
	container->oci_version = mem_strdup(spec->oci_version);
	container->config = mem_strdup(options->config ? options->config : "config.json");
	container->annotations = spec->annotations ? strv_copy(spec->annotations) : NULL;
	container->created_at = time_now_ns();
	container->owner = geteuid();
	container->new_keyring = !options->no_new_keyring;
	container->host_pid = !spec->namespaces[NAMESPACE_PID].listed || spec->namespaces[NAMESPACE_PID].path;
	copy_hooks(&spec->hooks[HOOK_POSTSTART], &container->poststart);
	copy_hooks(&spec->hooks[HOOK_POSTSTOP], &container->poststop);
	return container;
}

/* For reading and writing: nobody who holds it ever sees an end of file, or waits for somebody to open the other end. */
static int make_fifo(struct creation *creation, const char *name, int *ret, struct error *err)
{
	if (mkfifoat(creation->state_dir, name, 0600) < 0)
		return err_sys(err, errno, "make '%s'", name);
	*ret = openat(creation->state_dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	return *ret < 0 ? err_sys(err, errno, "open '%s'", name) : 0;
}

/* The id is reserved, and the cgroup's path on record before the cgroup is: whoever finds us dead can clean up. */
static int reserve(struct creation *creation, struct error *err)
{
	const struct container_create_options *options = creation->options;
	creation->state_dir = state_make(options->root, options->id, err);
	if (creation->state_dir < 0)
		return creation->state_dir;
	creation->container = describe(options);
	int r = creation->driver->plan(options, creation->container, err);
	if (r < 0 || (r = state_write(creation->state_dir, creation->container, err)) < 0)
		return r;
	/* Whoever the container's program is may look inside; nobody outside comes here. */
	if (options->notify && (mkdirat(creation->state_dir, STATE_NOTIFY, 0755) < 0 ||
				fchmodat(creation->state_dir, STATE_NOTIFY, 0755, 0) < 0))
		return err_sys(err, errno, "make '%s'", STATE_NOTIFY);
	if (options->in_process_start)
		return 0;
	r = make_fifo(creation, STATE_FIFO, &creation->fifo, err);
	return r < 0 ? r : make_fifo(creation, STATE_NEWS, &creation->news, err);
}

static int prepare_filter(struct creation *creation, struct error *err)
{
	const struct spec_seccomp *profile = creation->options->spec->seccomp;
	if (!profile)
		return 0;
	int r = seccomp_prepare(profile, creation->options->cache_dir, &creation->filter, err);
	creation->has_filter = r >= 0;
	if (r >= 0)
		timeline_step("seccomp filter made ready");
	return r;
}

_Noreturn static void become_init(struct creation *creation)
{
	const struct container_create_options *options = creation->options;
	struct init_context context = {
		.container = creation->container,
		.hook_streams = creation->hook_streams,
		.spec = options->spec,
		.filter = creation->has_filter ? &creation->filter : NULL,
		.namespaces = creation->namespaces,
		.rootfs = creation->rootfs,
		.sync = TAKE_FD(creation->sync[1]),
		.fifo = creation->fifo,
		.news = creation->news,
		.proc = creation->proc,
		.preserve_fds = options->preserve_fds,
		.new_keyring = !options->no_new_keyring,
		.in_cgroup = creation->in_cgroup,
	};
	memcpy(context.stdio, options->stdio, sizeof context.stdio);
	fd_close(TAKE_FD(creation->sync[0]));
	init_run(&context);
}

static struct id_maps maps_of(const struct spec *spec)
{
	return (struct id_maps){ spec->uid_mappings, spec->gid_mappings, spec->n_uid_mappings, spec->n_gid_mappings };
}

static int map_ids(struct creation *creation, struct error *err)
{
	const struct spec *spec = creation->options->spec;
	const struct id_maps maps = maps_of(spec);
	if (!spec->namespaces[NAMESPACE_USER].listed || spec->namespaces[NAMESPACE_USER].path)
		return 0;
	return id_maps_write(creation->proc, creation->init.pid, &maps, err);
}

/* Mappings beside the path of a user namespace, as the kubelet's runtimes write them, are fine if they are its own. */
static int check_joined_maps(struct creation *creation, struct error *err)
{
	const struct spec *spec = creation->options->spec;
	const char *path = spec->namespaces[NAMESPACE_USER].path;
	const struct id_maps maps = maps_of(spec);
	if (!path || maps.n_uids + maps.n_gids == 0)
		return 0;
	int r = id_maps_match(creation->proc, creation->namespaces.fds[NAMESPACE_USER], &maps, err);
	return r != 0 ? MIN(r, 0) :
			err_set(err, ERR_SPEC, "uidMappings and gidMappings are not those of user namespace '%s', which is joined",
				path);
}

static int prepare_resctrl(struct creation *creation, struct error *err)
{
	const struct spec_intel_rdt *rdt = creation->options->spec->intel_rdt;
	if (!rdt)
		return 0;
	creation->resctrl = resctrl_open(creation->proc, err);
	if (creation->resctrl < 0)
		return creation->resctrl;
	int r = resctrl_prepare(creation->resctrl, rdt, creation->options->id, &creation->container->resctrl, err);
	/* On record at once: who finds us dead can clean up. */
	return r < 0 ? r : state_write(creation->state_dir, creation->container, err);
}

static int join_resctrl(struct creation *creation, struct error *err)
{
	const struct resctrl_place *place = &creation->container->resctrl;
	return place->group ? resctrl_join(creation->resctrl, place, creation->init.pid, err) : 0;
}

static int move_net_devices(struct creation *creation, struct error *err)
{
	const struct spec *spec = creation->options->spec;
	char path[32];
	if (spec->n_net_devices == 0)
		return 0;
	if (spec->namespaces[NAMESPACE_NETWORK].path)
		return net_devices_move(spec, creation->namespaces.fds[NAMESPACE_NETWORK], err);
	snprintf(path, sizeof path, "%d/ns/net", creation->init.pid);
	_cleanup_close_ int target = openat(creation->proc, path, O_RDONLY | O_CLOEXEC);
	if (target < 0)
		return err_sys_code(err, ERR_NET, errno, "open the container's network namespace");
	return net_devices_move(spec, target, err);
}

/* What a process of a user namespace could not do for itself. */
static int set_attributes(struct creation *creation, struct error *err)
{
	const struct spec_process *process = creation->options->spec->process;
	if (!process)
		return 0;
	int r = credentials_set_oom_score(process, creation->proc, creation->init.pid, err);
	return r < 0 ? r : rlimit_raise(creation->init.pid, process->rlimits, process->n_rlimits, err);
}

static bool has_create_hooks(const struct spec *spec)
{
	const struct spec_hooks *hooks = spec->hooks;
	return hooks[HOOK_PRESTART].count + hooks[HOOK_CREATE_RUNTIME].count + hooks[HOOK_CREATE_CONTAINER].count > 0;
}

static int open_rootfs(struct creation *creation, struct error *err)
{
	const struct container_create_options *options = creation->options;
	struct rootfs *rootfs = &creation->rootfs;
	rootfs->spec = options->spec;
	rootfs->cgroup = creation->cgroup;
	rootfs->no_pivot = options->no_pivot;
	rootfs->user_namespace = creation->namespaces.fds[NAMESPACE_USER];
	/* Hooks that enter the mount namespace look for the root filesystem where config.json has it, as with runc. */
	if (has_create_hooks(options->spec) && options->rootfs_mount < 0 && !options->no_pivot &&
	    !options->spec->namespaces[NAMESPACE_MOUNT].path)
		rootfs->place = creation->container->rootfs;
	if (options->rootfs_mount >= 0 && (rootfs->mount = fcntl(options->rootfs_mount, F_DUPFD_CLOEXEC, 3)) < 0)
		return err_sys(err, errno, "duplicate a file descriptor");
	return rootfs_open(rootfs, options->bundle_fd, err);
}

static int make_process(struct creation *creation, struct error *err)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, creation->sync) < 0)
		return err_sys(err, errno, "make a socket pair");
	int cgroup_fd = cgroup_clone_fd(creation->cgroup);
	pid_t pid = namespace_clone(creation->options->spec, &creation->namespaces, cgroup_fd, &creation->init.pidfd,
				    &creation->in_cgroup, err);
	if (pid == 0)
		become_init(creation);
	if (pid < 0)
		return pid;
	creation->init.pid = pid;
	fd_close(TAKE_FD(creation->sync[1]));
	creation->container->pid = pid;
	creation->container->start_time = process_start_time(pid, NULL);
	timeline_step("process %d made, in new namespaces", pid);
	int r = map_ids(creation, err);
	if (r < 0 || (r = join_resctrl(creation, err)) < 0 || (r = move_net_devices(creation, err)) < 0)
		return r;
	return set_attributes(creation, err);
}

/* A user may not make any, without delegation; a container that needs no limits does without one. */
static int make_cgroup(struct creation *creation, struct error *err)
{
	int r = creation->driver->make(creation->options, creation->container, &creation->cgroup, err);
	const struct cgroup_tree *trees;
	if (r >= 0 && cgroup_is_there(creation->cgroup) && cgroup_trees(creation->cgroup, &trees) == 0) {
		free(creation->container->cgroup_path);
		creation->container->cgroup_path = mem_strdup("");
	}
	if (r >= 0)
		timeline_step("cgroup made, limits set: %s", creation->container->cgroup_path);
	return r;
}

static int enter_cgroup(struct creation *creation, struct error *err)
{
	const struct cgroup_driver *driver = creation->driver;
	int r = driver->enter ? driver->enter(creation->options, creation->container, creation->cgroup, err) : 0;
	if (r < 0)
		return r;
	return cgroup_is_there(creation->cgroup) ? cgroup_delegate(creation->cgroup, creation->options->spec, err) : 0;
}

static int run_creators_hooks(struct creation *creation, struct error *err)
{
	const struct spec_hooks *hooks = creation->options->spec->hooks;
	if (hooks[HOOK_PRESTART].count + hooks[HOOK_CREATE_RUNTIME].count == 0)
		return 0;
	int r = init_receive(creation->sync[0], INIT_HOOKS, NULL, err);
	if (r < 0)
		return r;
	_cleanup_free_ char *state = state_document(creation->container, CONTAINER_CREATING);
	struct hook_run run = { HOOK_PRESTART, &hooks[HOOK_PRESTART], state, creation->container->bundle,
				creation->hook_streams };
	if ((r = hooks_run(&run, err)) < 0)
		return r;
	run.point = HOOK_CREATE_RUNTIME;
	run.hooks = &hooks[HOOK_CREATE_RUNTIME];
	if ((r = hooks_run(&run, err)) < 0)
		return r;
	/* A failed send means that init has died: what it said before that is what the next receive gives. */
	(void)init_send(creation->sync[0], INIT_GO, NULL, -1);
	return 0;
}

static int hear_from_init(struct creation *creation, struct error *err)
{
	(void)init_send(creation->sync[0], INIT_GO, NULL, -1);
	cgroup_protection_changed(creation->container); /* it has enough to do meanwhile */
	int r = run_creators_hooks(creation, err);
	if (r == 0 && creation->filter.notifies)
		r = seccomp_listener_deliver(creation->options->spec->seccomp, creation->container, CONTAINER_CREATING,
					     creation->init.pid, creation->sync[0], err);
	if (r == 0 && creation->options->meanwhile)
		creation->options->meanwhile(creation->container, creation->options->meanwhile_data);
	if (r < 0 || (r = init_receive(creation->sync[0], INIT_READY, &creation->init.console, err)) < 0)
		return r;
	timeline_step("capabilities dropped, user and filter in force: the program can be executed");
	/* Only now: under some policies it could not have made processes, or would have been slow to get here. */
	const struct spec_process *process = creation->options->spec->process;
	if (process && (r = scheduling_apply(process, creation->init.pid, err)) < 0)
		return r;
	const char *receiver = annotation_get(creation->options->spec->annotations, "run.oci.pidfd_receiver");
	if (receiver && (r = pidfd_send(receiver, creation->init.pidfd, false, err)) < 0)
		return r;
	const char *console_socket = creation->options->console_socket;
	if (console_socket && creation->init.console >= 0) {
		r = console_send(console_socket, creation->init.console, err);
		fd_close(TAKE_FD(creation->init.console));
	}
	return r;
}

static int open_hook_streams(struct creation *creation, struct error *err)
{
	return hook_streams_open(creation->options->spec->annotations, &creation->hook_streams, err);
}

/* The process is there as it was, with its root and its filter. */
static int restore_process(struct creation *creation, struct error *err)
{
	struct container *container = creation->container;
	int r = criu_restore(creation->options, container, creation->cgroup, &creation->init.pid, err);
	if (r < 0)
		return r;
	creation->init.pidfd = process_pidfd(creation->init.pid);
	if (creation->init.pidfd < 0)
		return err_sys(err, -creation->init.pidfd, "open the restored process %d", creation->init.pid);
	container->pid = creation->init.pid;
	container->start_time = process_start_time(container->pid, NULL);
	return state_write(creation->state_dir, container, err);
}

static int restore(struct creation *creation, struct error *err)
{
	_cleanup_free_ char *criu = NULL; /* looked for first, and again when everything else is there */
	/* A scope would take in the first process only, and the others would be without limits. */
	if (creation->driver->enter)
		return err_set(err, ERR_UNSUPPORTED, "containers cannot be restored into cgroups of %s",
			       creation->driver->name);
	int r = criu_find(creation->options->spec, &criu, err);
	if (r < 0 || (r = reserve(creation, err)) < 0 || (r = make_cgroup(creation, err)) < 0 ||
	    (r = enter_cgroup(creation, err)) < 0)
		return r;
	return restore_process(creation, err);
}

static int create(struct creation *creation, struct error *err)
{
	int r;
	if ((r = reserve(creation, err)) < 0 || (r = creation->proc = procfs_open(err)) < 0 ||
	    (r = open_hook_streams(creation, err)) < 0 ||
	    (r = namespace_fds_open(creation->options->spec, &creation->namespaces, err)) < 0 ||
	    (r = check_joined_maps(creation, err)) < 0 || (r = prepare_filter(creation, err)) < 0 ||
	    (r = prepare_resctrl(creation, err)) < 0 || (r = make_cgroup(creation, err)) < 0 ||
	    (r = open_rootfs(creation, err)) < 0 || (r = make_process(creation, err)) < 0 ||
	    (r = enter_cgroup(creation, err)) < 0 || (r = hear_from_init(creation, err)) < 0 ||
	    (r = state_write(creation->state_dir, creation->container, err)) < 0)
		return r;
	/* It is on record, and can be found without us. */
	if (!creation->options->in_process_start)
		(void)init_send(creation->sync[0], INIT_GO, NULL, -1);
	return 0;
}

/* An init process that was killed cannot tell why, and one that gets no memory does not know whose limit it is. */
static void explain_memory(const struct creation *creation, struct error *why)
{
	struct error explained = { 0 };
	struct cgroup_oom oom = { 0 };
	bool silent = why->code == ERR_INTERNAL, refused = why->sys_errno == ENOMEM;
	if ((!silent && !refused) || !creation->cgroup || cgroup_read_oom(creation->cgroup, &oom, NULL) < 0 ||
	    !oom.limit.set || (silent && oom.oom_kill.value == 0))
		return;
	(void)err_set(&explained, ERR_MEM_MIN, "a memory limit of %" PRIu64 " KiB is too small to start anything",
		      oom.limit.value >> 10);
	err_cause(&explained, "%s", silent ? "the kernel killed the container's init process for memory" : why->message);
	*why = explained;
}

int container_create(const struct container_create_options *options, struct container **ret,
		     struct container_init *ret_init, struct error *err)
{
	_cleanup_(creation_done) struct creation creation = {
		.options = options,
		.driver = cgroup_driver_for(options->cgroup_manager),
		.state_dir = -1,
		.proc = -1,
		.resctrl = -1,
		.fifo = -1,
		.news = -1,
		.sync = { -1, -1 },
		.hook_streams = HOOK_STREAMS_NONE,
		.namespaces = NAMESPACE_FDS_NONE,
		.rootfs = { .spec = options->spec, .mount = -1 },
		.init = { .pidfd = -1, .console = -1, .sync = -1 },
	};
	struct error why = { 0 };
	if ((options->restore ? restore : create)(&creation, &why) < 0) {
		explain_memory(&creation, &why);
		creation_undo(&creation);
		if (err)
			*err = why;
		return err_stage(err, STAGE_CREATE);
	}
	if (options->in_process_start)
		creation.init.sync = TAKE_FD(creation.sync[0]);
	*ret = creation.container;
	*ret_init = creation.init;
	return 0;
}

static int run_hooks_of(const struct container *container, enum container_status status, struct hook_run *run,
			struct error *err)
{
	struct hook_streams streams = HOOK_STREAMS_NONE;
	if (run->hooks->count == 0)
		return 0;
	_cleanup_free_ char *state = state_document(container, status);
	int r = hook_streams_open(container->annotations, &streams, err);
	if (r < 0)
		return r;
	run->state = state;
	run->streams = streams;
	run->directory = container->bundle;
	if (run->point == HOOK_POSTSTOP)
		hooks_run_all(run);
	else
		r = hooks_run(run, err);
	hook_streams_close(&streams);
	return r;
}

void container_run_poststop(const struct container *container)
{
	struct hook_run run = { .point = HOOK_POSTSTOP, .hooks = &container->poststop };
	struct error why = { 0 };
	if (run_hooks_of(container, CONTAINER_STOPPED, &run, &why) < 0)
		log_failure(LOG_LEVEL_WARN, "delete container", &why);
}

/* One that fails stops the container. Source: runtime.md, "Lifecycle", 9. */
static int run_poststart(struct container *container, struct error *err)
{
	struct hook_run run = { .point = HOOK_POSTSTART, .hooks = &container->poststart };
	struct error why = { 0 };
	int r = run_hooks_of(container, CONTAINER_RUNNING, &run, err);
	if (r < 0 && container_kill(container, SIGKILL, false, &why) < 0 && why.code != ERR_STATE)
		log_failure(LOG_LEVEL_WARN, NULL, &why);
	return r;
}

int container_release(struct container *container, struct container_init *init, struct error *err)
{
	if (init_send(init->sync, INIT_START, NULL, -1) < 0)
		return err_set(err, ERR_STATE, "cannot start container '%s': its init process is gone", container->id);
	int r = init_await_exec(init->sync, err);
	fd_close(TAKE_FD(init->sync));
	if (r < 0)
		return err_stage(err, STAGE_EXEC);
	return run_poststart(container, err);
}

/* Until exec, which closes init's end, or init's end: what it has to say in between is why there is no program. */
static int hear_of_exec(int news, struct error *err)
{
	struct init_message message;
	struct pollfd event = { .fd = news, .events = POLLIN };
	if (RETRY_ON_EINTR(poll(&event, 1, -1)) < 0)
		return err_sys(err, errno, "wait for the program to run");
	ssize_t n = RETRY_ON_EINTR(read(news, &message, sizeof message));
	if (n == 0)
		return 0;
	if (n != sizeof message)
		return err_set(err, ERR_INTERNAL, "a malformed message from the container's init process");
	(void)err_check_received(&message.error);
	if (err)
		*err = message.error;
	return -message.error.code;
}

int container_start(struct container *container, struct error *err)
{
	enum container_status status;
	_cleanup_close_ int dir = state_lock(container, &status, err);
	if (dir < 0)
		return dir;
	if (status != CONTAINER_CREATED)
		return err_set(err, ERR_STATE, "cannot start a container that is %s: '%s'",
			       container_status_name(status), container->id);
	/* Init holds the fifos open; if it is gone, there is no reader and this fails at once. */
	_cleanup_close_ int news = openat(dir, STATE_NEWS, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	_cleanup_close_ int fifo = openat(dir, STATE_FIFO, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (news < 0 || fifo < 0 || write(fifo, "", 1) != 1)
		return err_sys_code(err, ERR_STATE, errno, "start container '%s': its init process is gone",
				    container->id);
	/* Gone with the name is the second start; what "created" means to container_status() is that it is there. */
	if (unlinkat(dir, STATE_FIFO, 0) < 0 || unlinkat(dir, STATE_NEWS, 0) < 0)
		return err_sys(err, errno, "remove '%s'", STATE_FIFO);
	/* Hooks may take their time, or for ever: whoever wants to delete the container need not wait for them. */
	fd_close(TAKE_FD(dir));
	int r = hear_of_exec(news, err);
	return r < 0 ? r : run_poststart(container, err);
}
