/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/init.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "base/timeline.h"
#include "base/util.h"
#include "runtime/credentials.h"
#include "runtime/execution.h"
#include "runtime/home.h"
#include "runtime/hooks.h"
#include "runtime/namespace-join.h"
#include "runtime/process-setup.h"
#include "runtime/procfs.h"
#include "runtime/program.h"
#include "runtime/rlimit.h"
#include "runtime/state.h"
#include "runtime/sysctl.h"

/* --- messages --- */

int init_send(int sock, enum init_message_type type, const struct error *error, int fd)
{
	struct init_message message = { .type = type };
	if (error)
		message.error = *error;
	return fd_send(sock, &message, sizeof message, &fd, fd >= 0);
}

/* One message; 0 at the end of the socket. An INIT_ERROR becomes @err. */
static int receive(int sock, struct init_message *message, int *ret_fd, struct error *err)
{
	int fd = -1;
	size_t n_fds = 0;
	ssize_t n = fd_receive(sock, message, sizeof *message, &fd, 1, &n_fds);
	_cleanup_close_ int received = n_fds ? fd : -1;
	if (n == 0 || n == -ECONNRESET)
		return 0;
	if (n < 0)
		return err_sys_code(err, ERR_INTERNAL, (int)-n, "hear from the container's init process");
	if (n != sizeof *message)
		return err_set(err, ERR_INTERNAL, "a malformed message from the container's init process");
	if (message->type == INIT_ERROR) {
		(void)err_check_received(&message->error);
		if (err)
			*err = message->error;
		return -message->error.code;
	}
	if (ret_fd)
		*ret_fd = TAKE_FD(received);
	return 1;
}

int init_receive(int sock, enum init_message_type wanted, int *ret_fd, struct error *err)
{
	struct init_message message;
	int fd = -1, r = receive(sock, &message, &fd, err);
	_cleanup_close_ int received = fd;
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, ERR_INTERNAL, "the container's init process ended without a word");
	if (message.type != (int)wanted)
		return err_set(err, ERR_INTERNAL, "an unexpected message from the container's init process");
	if (ret_fd)
		*ret_fd = TAKE_FD(received);
	return 0;
}

int init_await_exec(int sock, struct error *err)
{
	struct init_message message;
	int r = receive(sock, &message, NULL, err);
	return r <= 0 ? r : err_set(err, ERR_INTERNAL, "an unexpected message from the container's init process");
}

/* --- namespaces from inside --- */

/* A new network namespace has its loopback down. */
static int raise_loopback(struct error *err)
{
	_cleanup_close_ int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	if (sock < 0 || ioctl(sock, SIOCSIFFLAGS, &request) < 0)
		return err_sys_code(err, ERR_NET, errno, "bring the loopback interface up");
	return 0;
}

static bool is_new(const struct spec *spec, enum namespace_type type)
{
	return spec->namespaces[type].listed && !spec->namespaces[type].path;
}

static int set_names(const struct spec *spec, struct error *err)
{
	if (!str_is_empty(spec->hostname) && sethostname(spec->hostname, strlen(spec->hostname)) < 0)
		return err_sys(err, errno, "set hostname \"%s\"", spec->hostname);
	if (!str_is_empty(spec->domainname) && setdomainname(spec->domainname, strlen(spec->domainname)) < 0)
		return err_sys(err, errno, "set domain name \"%s\"", spec->domainname);
	return 0;
}

static int enter_namespaces(struct init_context *context, struct error *err)
{
	const struct spec *spec = context->spec;
	int r = namespace_join_rest(spec, &context->namespaces, err);
	if (r < 0)
		return r;
	/* Only now that we are in the container's cgroup: the new namespace's root is where we are. */
	if (is_new(spec, NAMESPACE_CGROUP) && unshare(CLONE_NEWCGROUP) < 0)
		return err_sys(err, errno, "make a cgroup namespace");
	if (is_new(spec, NAMESPACE_NETWORK) && (r = raise_loopback(err)) < 0)
		return r;
	r = set_names(spec, err);
	if (r >= 0)
		timeline_step("in all its namespaces, host name set");
	return r;
}

/* --- the steps --- */

static int run_creators_hooks(struct init_context *context, struct error *err)
{
	const struct spec_hooks *hooks = context->spec->hooks;
	if (hooks[HOOK_PRESTART].count + hooks[HOOK_CREATE_RUNTIME].count == 0)
		return 0;
	if (init_send(context->sync, INIT_HOOKS, NULL, -1) < 0)
		return err_set(err, ERR_CANCELLED, "the creator of the container is gone");
	return init_receive(context->sync, INIT_GO, NULL, err);
}

static int build_rootfs(struct init_context *context, int place, int *ret_master, struct error *err)
{
	const struct spec *spec = context->spec;
	struct rootfs *rootfs = &context->rootfs;
	int r, slave = -1;
	umask(0);
	if ((r = rootfs_attach(rootfs, place, err)) < 0 ||
	    (r = rootfs_mount_all(rootfs, err)) < 0 || (r = devices_make(rootfs, err)) < 0)
		return r;
	if (spec->process && spec->process->terminal) {
		int master = console_make(rootfs, &slave, err);
		if (master < 0)
			return master;
		r = process_take_terminal(slave, err);
		fd_close(slave);
		*ret_master = master;
	} else {
		r = process_take_stdio(context->stdio, err);
	}
	if (r >= 0)
		timeline_step("%zu file systems mounted, devices made", spec->n_mounts);
	return r < 0 ? r : rootfs_make_working_directory(rootfs, err);
}

/* What has to be done while the host's /proc can still be seen. */
static int set_attributes(struct init_context *context, struct error *err)
{
	const struct spec *spec = context->spec;
	int r = sysctl_apply(spec->sysctl, context->proc, err);
	if (r < 0 || (r = execution_apply(spec, err)) < 0 || !spec->process)
		return r;
	return credentials_set_labels(spec->process, context->proc, err);
}

/* Of the container's namespaces: what they are told of its pid is what they can see. */
static int run_hooks_of(struct init_context *context, enum hook_point point, enum container_status status,
			const char *directory, struct error *err)
{
	const struct spec_hooks *hooks = &context->spec->hooks[point];
	if (hooks->count == 0)
		return 0;
	context->container->pid = getpid();
	_cleanup_free_ char *state = state_document(context->container, status);
	const struct hook_run run = { point, hooks, state, directory, context->hook_streams };
	return hooks_run(&run, err);
}

static int run_create_hooks(struct init_context *context, struct error *err)
{
	struct fd_path root = fd_path(context->rootfs.mount);
	return run_hooks_of(context, HOOK_CREATE_CONTAINER, CONTAINER_CREATING, root.text, err);
}

static int wait_for_start(struct init_context *context, struct error *err)
{
	if (context->fifo < 0)
		return init_receive(context->sync, INIT_START, NULL, err);
	/* By read() alone, as the filter is in force. If our creator dies before we are on record, nobody would find us. */
	struct init_message on_record;
	char byte;
	ssize_t n = RETRY_ON_EINTR(read(context->sync, &on_record, sizeof on_record));
	if (n <= 0)
		return err_set(err, ERR_CANCELLED, "the creator of the container is gone");
	/* Now it may leave; who starts us writes a byte (container_start()). */
	fd_close(TAKE_FD(context->sync));
	n = RETRY_ON_EINTR(read(context->fifo, &byte, 1));
	return n == 1 ? 0 : err_sys(err, n < 0 ? errno : EPIPE, "wait for the start");
}

static int prepare(struct init_context *context, int *ret_master, struct error *err)
{
	int r;
	if ((r = init_receive(context->sync, INIT_GO, NULL, err)) < 0)
		return r;
	process_reset_signals();
	if (setsid() < 0)
		return err_sys(err, errno, "make a session");
	/* While we are still who we were on the host: nobody of a user namespace may write to its cgroups. */
	_cleanup_close_ int place = rootfs_open_place(&context->rootfs);
	if ((r = cgroup_join_self(context->rootfs.cgroup, context->in_cgroup, err)) < 0)
		return r;
	timeline_step("in its cgroup");
	if (context->spec->namespaces[NAMESPACE_USER].listed && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
		return err_sys_code(err, ERR_IDMAP, errno, "become root of the user namespace");
	/* Nobody of the container may look into us or trace us before its program runs (ptrace(2), "dumpable"). */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if ((context->new_keyring && (r = process_join_keyring(err)) < 0) ||
	    (r = enter_namespaces(context, err)) < 0 || (r = build_rootfs(context, place, ret_master, err)) < 0 ||
	    (r = run_creators_hooks(context, err)) < 0 ||
	    (r = run_create_hooks(context, err)) < 0 ||
	    (r = set_attributes(context, err)) < 0 || (r = rootfs_protect(&context->rootfs, err)) < 0)
		return r;
	r = rootfs_enter(&context->rootfs, err);
	if (r >= 0)
		timeline_step("kernel settings made, paths protected, root changed");
	return r;
}

/* From the new root to just before exec. */
static int finish(struct init_context *context, int master, char **ret_path, struct error *err)
{
	const struct spec_process *process = context->spec->process;
	fd_close(TAKE_FD(context->proc));
	_cleanup_close_ int cwd = path_open_in_root(context->rootfs.mount, process->cwd, O_PATH | O_DIRECTORY, 0);
	if (cwd < 0)
		return err_sys_code(err, ERR_WORKDIR, -cwd, "open working directory %s", process->cwd);
	rootfs_close(&context->rootfs);
	/* Nothing of the creator's is left open, not even until exec: its locks would be held by us. */
	const int keep[] = { context->sync,	       context->fifo,	       context->news, cwd, master,
			     context->hook_streams.out, context->hook_streams.err };
	fd_close_from_except(STDERR_FILENO + 1 + context->preserve_fds, keep, ARRAY_SIZE(keep));
	int r = rlimit_apply(process->rlimits, process->n_rlimits, err);
	context->env = home_complete(process->env, process->user.uid);
	if (r < 0 || (r = process_become(process, context->filter, cwd, context->sync, err)) < 0 || (r = program_find(process->args[0], process->env, ret_path, err)) < 0)
		return err_stage(err, STAGE_EXEC);
	if (init_send(context->sync, INIT_READY, NULL, master) < 0)
		return err_set(err, ERR_CANCELLED, "the creator of the container is gone");
	return 0;
}

static int run(struct init_context *context, struct error *err)
{
	_cleanup_close_ int master = -1;
	_cleanup_free_ char *path = NULL;
	char *const none[] = { NULL };
	int r = prepare(context, &master, err);
	if (r == 0)
		r = context->spec->process ? finish(context, master, &path, err) :
					     err_set(err, ERR_SPEC, "config.json has no process to start");
	if (r < 0)
		return err_stage(err, STAGE_CREATE);
	fd_close(TAKE_FD(master));
	if ((r = wait_for_start(context, err)) < 0 ||
	    (r = run_hooks_of(context, HOOK_START_CONTAINER, CONTAINER_CREATED, NULL, err)) < 0)
		return err_stage(err, STAGE_CREATE);
	const struct spec_process *process = context->spec->process;
	execve(path, process->args, context->env ? context->env : process->env ? process->env : none);
	r = program_explain(path, errno, err);
	err_stage(err, STAGE_EXEC);
	return r;
}

/* To whoever creates us, or, later, starts us. */
static void report(const struct init_context *context, const struct error *err)
{
	struct init_message message = { .type = INIT_ERROR, .error = *err };
	if (context->sync >= 0)
		(void)init_send(context->sync, INIT_ERROR, err, -1);
	else
		(void)fd_write_all(context->news, &message, sizeof message);
}

_Noreturn void init_run(struct init_context *context)
{
	struct error err = { 0 };
	timeline_as("init");
	(void)run(context, &err);
	report(context, &err);
	_exit(err_info(err.code)->exit_status);
}
