/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container_exec(): another process for a container that runs.
 *
 * A process that joins a pid namespace does not change its own; its children are born there. So a first child joins, makes
 * the second as our own child (CLONE_PARENT), and is gone:
 *
 *	us                          joiner                              program
 *	                            cgroup, not dumpable, setns()
 *	                            clone3(CLONE_PARENT)            ->
 *	  <- struct joined, pidfd
 *	  INIT_GO                                                       ->
 *	  <- INIT_LISTENER with it, if the filter notifies
 *	  <- INIT_READY with the terminal's master, or INIT_ERROR           streams, user, filter
 *	  <- end of file: it runs; or INIT_ERROR                            exec
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/container.h"
#include "runtime/credentials.h"
#include "runtime/execution.h"
#include "runtime/home.h"
#include "runtime/init.h"
#include "runtime/namespace-join.h"
#include "runtime/process-setup.h"
#include "runtime/procfs.h"
#include "runtime/program.h"
#include "runtime/rlimit.h"
#include "runtime/rootfs.h"
#include "runtime/scheduling.h"
#include "runtime/seccomp-listener.h"
#include "runtime/systemd.h"

struct exec_context {
	const struct container *container;
	const struct container_exec_options *options;
	struct spec_process process; /* what is to run; everything in it belongs to @options */
	char **env;		     /* of home_complete() */
	struct seccomp_filter filter;
	bool has_filter;
	struct cgroup *cgroup;
	bool in_cgroup; /* the joiner, in that of v2, by birth */
	int pidfd;	/* of the container's first process */
	int proc;
	int sync[2]; /* ours, theirs */
};

static void context_done(struct exec_context *context)
{
	seccomp_filter_done(&context->filter);
	cgroup_free(context->cgroup);
	fd_close(context->pidfd);
	fd_close(context->proc);
	fd_close(context->sync[0]);
	fd_close(context->sync[1]);
}

/* --- the program --- */

/* A terminal out of the container's devpts; we are inside, so "/" is the container's root. */
static int make_terminal(const struct spec_process *process, struct error *err)
{
	_cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int slave = -1;
	_cleanup_close_ int master = root < 0 ? err_sys(err, errno, "open /") : console_open(root, process, &slave, err);
	_cleanup_close_ int held = slave;
	if (master < 0)
		return master;
	int r = process_take_terminal(held, err);
	return r < 0 ? r : TAKE_FD(master);
}

static int set_up(struct exec_context *context, char **ret_path, struct error *err)
{
	const struct container_exec_options *options = context->options;
	const struct spec_process *process = &context->process;
	/* The joiner's word about us comes first. */
	int r = init_receive(context->sync[1], INIT_GO, NULL, err);
	if (r < 0)
		return r;
	process_reset_signals();
	if (setsid() < 0)
		return err_sys(err, errno, "make a session");
	_cleanup_close_ int master = process->terminal ? make_terminal(process, err) : -1;
	if (process->terminal ? (r = master) < 0 : (r = process_take_stdio(options->stdio, err)) < 0)
		return r;
	_cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int cwd = root < 0 ? -errno : path_open_in_root(root, process->cwd, O_PATH | O_DIRECTORY, 0);
	if (cwd < 0)
		return err_sys_code(err, ERR_WORKDIR, -cwd, "open working directory %s", process->cwd);
	fd_close(TAKE_FD(root));
	const int keep[] = { context->sync[1], cwd, master };
	fd_close_from_except(STDERR_FILENO + 1 + options->preserve_fds, keep, ARRAY_SIZE(keep));
	if ((r = rlimit_apply(process->rlimits, process->n_rlimits, err)) < 0)
		return r;
	context->env = home_complete(process->env, process->user.uid);
	r = process_become(process, context->has_filter ? &context->filter : NULL, cwd, context->sync[1], err);
	if (r < 0 || (r = program_find(process->args[0], process->env, ret_path, err)) < 0)
		return r;
	/* Only now, for becoming the user has cleared it. If the parent has gone before, the word to it fails. */
	if (options->die_with_parent)
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	return init_send(context->sync[1], INIT_READY, NULL, master) < 0 ?
		       err_set(err, ERR_CANCELLED, "who asked for the process is gone") :
		       0;
}

_Noreturn static void run_program(struct exec_context *context)
{
	const struct spec_process *process = &context->process;
	struct error err = { 0 };
	char *path = NULL, *const none[] = { NULL };
	if (set_up(context, &path, &err) == 0) {
		execve(path, process->args, context->env ? context->env : process->env ? process->env : none);
		(void)program_explain(path, errno, &err);
	}
	(void)err_stage(&err, STAGE_EXEC);
	(void)init_send(context->sync[1], INIT_ERROR, &err, -1);
	_exit(err_info(err.code)->exit_status);
}

/* --- the joiner --- */

struct joined {
	pid_t pid; /* 0: failed */
	struct error error;
};

/*
 * A user may move processes within what was delegated to his service manager, but not from his session into it: that,
 * the manager has somebody do for whom it knows.
 */
static int join_by_manager(const struct container *container, struct error *err)
{
	_cleanup_systemd_ struct systemd *systemd = NULL;
	int r = systemd_open(&systemd, err);
	return r < 0 ? r : systemd_attach(systemd, container->unit, getpid(), err);
}

static int join_cgroup(struct exec_context *context, struct error *err)
{
	struct error why = { 0 };
	int r = context->cgroup ? cgroup_join_self(context->cgroup, context->in_cgroup, &why) : 0;
	bool refused = why.sys_errno == EACCES || why.sys_errno == EPERM;
	if (r < 0 && refused && *context->container->unit && systemd_is_of_user())
		return join_by_manager(context->container, err);
	if (r < 0 && err)
		*err = why;
	return r;
}

/* What has to be done while the host's /proc can still be seen, and before rights are lost to a user namespace. */
static int prepare_to_join(struct exec_context *context, struct error *err)
{
	const struct spec_process *process = &context->process;
	int r = process->initial_cpus ? scheduling_bind(process->initial_cpus, err) : 0;
	if (r < 0 || (r = join_cgroup(context, err)) < 0)
		return r;
	if ((process->initial_cpus || process->final_cpus) && (r = scheduling_bind(process->final_cpus, err)) < 0)
		return r;
	if ((r = execution_apply(context->options->spec, err)) < 0 ||
	    (r = credentials_set_oom_score(process, context->proc, getpid(), err)) < 0 ||
	    (r = credentials_set_labels(process, context->proc, err)) < 0)
		return r;
	return rlimit_raise(0, process->rlimits, process->n_rlimits, err);
}

static int join(struct exec_context *context, struct error *err)
{
	/* Not our own: joining one's own user namespace is refused by the kernel. */
	int flags = namespace_foreign(context->proc, context->container, context->pidfd, err);
	int r = flags < 0 ? flags : prepare_to_join(context, err);
	if (r < 0)
		return r;
	/* From here on a process of the container could see us: it may neither look into us nor trace us. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if ((r = namespace_join_container(context->container, context->pidfd, flags, err)) < 0)
		return r;
	if ((flags & CLONE_NEWUSER) && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
		return err_sys_code(err, ERR_IDMAP, errno, "become root of the user namespace");
	return context->container->new_keyring ? process_join_keyring(err) : 0;
}

_Noreturn static void run_joiner(struct exec_context *context)
{
	struct joined joined = { 0 };
	int pidfd = -1;
	if (join(context, &joined.error) == 0) {
		joined.pid = namespace_clone_process(CLONE_PARENT, 0, -1, &pidfd, NULL);
		if (joined.pid == 0)
			run_program(context);
		if (joined.pid < 0) {
			(void)err_sys(&joined.error, -joined.pid, "make a process in container '%s'", context->container->id);
			joined.pid = 0;
		}
	}
	(void)fd_send(context->sync[1], &joined, sizeof joined, &pidfd, pidfd >= 0);
	_exit(0);
}

/* --- our side --- */

static int receive_joined(struct exec_context *context, struct container_init *init, struct error *err)
{
	struct joined joined;
	int fd = -1;
	size_t n_fds = 0;
	ssize_t n = fd_receive(context->sync[0], &joined, sizeof joined, &fd, 1, &n_fds);
	if (n != sizeof joined || (joined.pid > 0 && n_fds != 1)) {
		fd_close(n_fds ? fd : -1);
		return err_set(err, ERR_INTERNAL, "the process that joins the container ended without a word");
	}
	if (joined.pid <= 0) {
		(void)err_check_received(&joined.error);
		if (err)
			*err = joined.error;
		return -joined.error.code;
	}
	init->pid = joined.pid;
	init->pidfd = fd;
	return 0;
}

/*
 * In the container's cgroup of v2 by birth: to move there takes the kernel a grace period, some milliseconds. Not where that
 * cannot be (it has been divided since), nor if the process is to be on other CPUs before it joins.
 */
static pid_t fork_joiner(struct exec_context *context)
{
	int cgroup_fd = context->cgroup && !context->process.initial_cpus ? cgroup_clone_fd(context->cgroup) : -1;
	int pidfd = -1;
	pid_t pid = namespace_clone_process(0, SIGCHLD, cgroup_fd, &pidfd, &context->in_cgroup);
	if (pid < 0 && cgroup_fd >= 0)
		pid = namespace_clone_process(0, SIGCHLD, -1, &pidfd, &context->in_cgroup);
	fd_close(pidfd);
	return pid;
}

/* Where the container's other processes are. */
static int join_resctrl(const struct exec_context *context, pid_t pid, struct error *err)
{
	const struct resctrl_place *place = &context->container->resctrl;
	if (!place->group)
		return 0;
	_cleanup_close_ int root = resctrl_open(context->proc, err);
	return root < 0 ? root : resctrl_join(root, place, pid, err);
}

static int converse(struct exec_context *context, struct container_init *init, struct error *err)
{
	/* Whoever is born in a frozen one cannot say so. */
	int r = context->cgroup ? cgroup_refuse_frozen(context->cgroup, err) : 0;
	if (r < 0)
		return r;
	pid_t joiner = fork_joiner(context);
	if (joiner < 0)
		return err_sys(err, -joiner, "make a process");
	if (joiner == 0) {
		fd_close(TAKE_FD(context->sync[0]));
		run_joiner(context);
	}
	fd_close(TAKE_FD(context->sync[1]));
	r = receive_joined(context, init, err);
	(void)RETRY_ON_EINTR(waitpid(joiner, NULL, 0));
	if (r < 0 || (r = join_resctrl(context, init->pid, err)) < 0 || (r = scheduling_apply(&context->process, init->pid, err)) < 0)
		return r;
	(void)init_send(context->sync[0], INIT_GO, NULL, -1);
	if (context->filter.notifies &&
	    (r = seccomp_listener_deliver(context->options->spec->seccomp, context->container, CONTAINER_RUNNING, init->pid,
					  context->sync[0], err)) < 0)
		return r;
	if ((r = init_receive(context->sync[0], INIT_READY, &init->console, err)) < 0)
		return r;
	return init_await_exec(context->sync[0], err);
}

static int check_running(struct exec_context *context, struct error *err)
{
	struct container *container = (struct container *)context->container;
	enum container_status status;
	int r = container_status(container, &status, err);
	if (r == -ERR_NO_CONTAINER) /* it was there when it was loaded */
		return err_set(err, ERR_STATE, "container '%s' has just ended", container->id);
	if (r < 0)
		return r;
	bool paused = status == CONTAINER_PAUSED && !context->options->ignore_paused;
	if (paused || status == CONTAINER_STOPPED || status == CONTAINER_CREATING)
		return err_set(err, ERR_STATE, "cannot exec in a container that is %s: '%s'",
			       container_status_name(status), container->id);
	context->pidfd = process_pidfd_checked(container->pid, container->start_time);
	if (context->pidfd < 0)
		return err_set(err, ERR_STATE, "container '%s' has just ended", container->id);
	return 0;
}

/* What the process leaves open is as in the container's own: it is never less confined for saying less. */
static void complete_process(struct exec_context *context)
{
	const struct spec_process *own = context->options->spec->process;
	struct spec_process *process = &context->process;
	*process = *context->options->process;
	if (!own)
		return;
#define TAKE_OVER(member) process->member = process->member ? process->member : own->member
	TAKE_OVER(capabilities);
	TAKE_OVER(apparmor_profile);
	TAKE_OVER(selinux_label);
	TAKE_OVER(scheduler);
	TAKE_OVER(io_priority);
#undef TAKE_OVER
	if (!process->initial_cpus && !process->final_cpus) {
		process->initial_cpus = own->initial_cpus;
		process->final_cpus = own->final_cpus;
	}
	if (process->n_rlimits == 0) {
		process->rlimits = own->rlimits;
		process->n_rlimits = own->n_rlimits;
	}
	process->user.keep_groups = own->user.keep_groups;
	if (!process->oom_score_adj.set)
		process->oom_score_adj = own->oom_score_adj;
}

/* The filter of config.json: a program that comes later is held by the same. */
static int prepare_filter(struct exec_context *context, struct error *err)
{
	const struct spec_seccomp *profile = context->options->spec->seccomp;
	if (!profile)
		return 0;
	int r = seccomp_prepare(profile, context->options->cache_dir, &context->filter, err);
	context->has_filter = r >= 0;
	return r;
}

/* None is what a container without one gives to all its processes. */
static int open_cgroup(struct exec_context *context, struct error *err)
{
	const char *path = context->container->cgroup_path;
	int r = *path ? cgroup_open(path, &context->cgroup, err) : 0;
	if (r == 0 && context->cgroup && context->options->ignore_paused)
		cgroup_allow_frozen(context->cgroup);
	char *const *word = context->cgroup ? context->options->cgroups : NULL;
	for (; r == 0 && word && *word; word++)
		r = cgroup_descend(context->cgroup, *word, err);
	return r;
}

static int prepare(struct exec_context *context, struct error *err)
{
	int r = check_running(context, err);
	if (r < 0)
		return r;
	complete_process(context);
	if ((r = prepare_filter(context, err)) < 0)
		return r;
	if ((r = open_cgroup(context, err)) < 0)
		return r;
	context->proc = procfs_open(err);
	if (context->proc < 0)
		return context->proc;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, context->sync) < 0)
		return err_sys(err, errno, "make a socket pair");
	return 0;
}

/*
 * Whatever runs in a container is killed with its first process, in the middle of a word or before it; and while that ends, no
 * process can be made in its pid namespace (pid_namespaces(7): ENOMEM).
 */
static int explain_end(const struct exec_context *context, int r, struct error *err)
{
	enum { PATIENCE_MS = 1000 };
	struct pollfd end = { .fd = context->pidfd, .events = POLLIN };
	bool is_silent = r == -ERR_INTERNAL, is_late = r == -ERR_SYSTEM && err && err->sys_errno == ENOMEM;
	if ((!is_silent && !is_late) || context->pidfd < 0 || RETRY_ON_EINTR(poll(&end, 1, PATIENCE_MS)) <= 0)
		return r;
	return err_set(err, ERR_STATE, "container '%s' has just ended", context->container->id);
}

int container_exec(struct container *container, const struct container_exec_options *options,
		   struct container_init *ret_init, struct error *err)
{
	_cleanup_(context_done) struct exec_context context = {
		.container = container, .options = options, .pidfd = -1, .proc = -1, .sync = { -1, -1 }
	};
	struct container_init init = { .pidfd = -1, .console = -1, .sync = -1 };
	int r = prepare(&context, err);
	if (r == 0)
		r = converse(&context, &init, err);
	if (r < 0) {
		if (init.pid > 0) {
			(void)process_signal(init.pidfd, SIGKILL); /* it may wait: for us, or for an agent that is not there */
			(void)RETRY_ON_EINTR(waitpid(init.pid, NULL, __WALL));
		}
		container_init_done(&init);
		(void)explain_end(&context, r, err);
		return err_stage(err, STAGE_EXEC);
	}
	*ret_init = init;
	return 0;
}
