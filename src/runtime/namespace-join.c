/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/namespace-join.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"

int namespace_open(const char *path, enum namespace_type type, struct error *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys_code(err, ERR_SPEC, errno, "open %s namespace '%s'", namespace_spec_name(type), path);
	int flag = ioctl(fd, NS_GET_NSTYPE);
	if (flag < 0)
		return err_set(err, ERR_SPEC, "'%s' is not a namespace, a %s namespace is wanted", path,
			       namespace_spec_name(type));
	for (int other = 0; other < NAMESPACE_COUNT; other++)
		if (flag == namespace_clone_flag(other) && other != (int)type)
			return err_set(err, ERR_SPEC, "'%s' is a %s namespace, a %s namespace is wanted", path,
				       namespace_spec_name(other), namespace_spec_name(type));
	return TAKE_FD(fd);
}

/* The namespaces to be made with the process; a cgroup namespace follows once the process is in its cgroup. */
static uint64_t new_namespaces(const struct spec *spec)
{
	uint64_t flags = 0;
	for (int type = 0; type < NAMESPACE_COUNT; type++) {
		const struct spec_namespace *ns = &spec->namespaces[type];
		if (ns->listed && !ns->path && type != NAMESPACE_CGROUP && type != NAMESPACE_TIME)
			flags |= (uint64_t)namespace_clone_flag(type);
	}
	return flags;
}

static bool joined_by_children(enum namespace_type type)
{
	return type == NAMESPACE_USER || type == NAMESPACE_PID || type == NAMESPACE_TIME;
}

static bool needs_intermediate(const struct spec *spec)
{
	for (int type = 0; type < NAMESPACE_COUNT; type++)
		if (joined_by_children(type) && spec->namespaces[type].path)
			return true;
	return false;
}

static pid_t clone_process(uint64_t flags, int exit_signal, int cgroup_fd, int *ret_pidfd)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD | (cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = (uint64_t)exit_signal,
		.cgroup = (uint64_t)MAX(cgroup_fd, 0),
	};
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
	if (pid > 0)
		*ret_pidfd = pidfd;
	return pid < 0 ? -errno : pid;
}

static int clone_failed(int error, struct error *err)
{
	int r = err_sys(err, error, "make the container's process in new namespaces");
	if (error == ENOSPC || error == EUSERS)
		err_cause(err, "a limit of namespaces is reached (/proc/sys/user/max_*_namespaces)");
	return r;
}

/* --- through an intermediate --- */

struct made {
	pid_t pid; /* 0: failed */
	struct error error;
};

static int join_for_children(const struct spec *spec, struct error *err)
{
	for (int type = 0; type < NAMESPACE_COUNT; type++) {
		const char *path = spec->namespaces[type].path;
		if (!joined_by_children(type) || !path)
			continue;
		_cleanup_close_ int fd = namespace_open(path, type, err);
		if (fd < 0)
			return fd;
		if (setns(fd, namespace_clone_flag(type)) < 0)
			return err_sys_code(err, ERR_SPEC, errno, "join %s namespace '%s'", namespace_spec_name(type),
					    path);
	}
	return 0;
}

/* Returns in the new process only. */
static void intermediate(const struct spec *spec, int cgroup_fd, int sock)
{
	struct made made = { 0 };
	int pidfd = -1;
	if (join_for_children(spec, &made.error) == 0) {
		pid_t pid = clone_process(new_namespaces(spec) | CLONE_PARENT, 0, cgroup_fd, &pidfd);
		if (pid == 0)
			return;
		if (pid < 0)
			(void)clone_failed(-pid, &made.error);
		made.pid = MAX(pid, 0);
	}
	(void)fd_send(sock, &made, sizeof made, &pidfd, pidfd >= 0);
	_exit(0);
}

static pid_t clone_through_intermediate(const struct spec *spec, int cgroup_fd, int *ret_pidfd, struct error *err)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "make a socket pair");
	_cleanup_close_ int ours = pair[0], theirs = pair[1];
	pid_t middle = fork();
	if (middle < 0)
		return err_sys(err, errno, "make a process");
	if (middle == 0) {
		fd_close(TAKE_FD(ours));
		intermediate(spec, cgroup_fd, theirs);
		return 0;
	}
	fd_close(TAKE_FD(theirs));
	struct made made;
	int fd = -1;
	size_t n_fds = 0;
	ssize_t n = fd_receive(ours, &made, sizeof made, &fd, 1, &n_fds);
	(void)RETRY_ON_EINTR(waitpid(middle, NULL, 0));
	if (n != sizeof made || (made.pid > 0 && n_fds != 1))
		return err_set(err, ERR_INTERNAL, "the process that joins namespaces ended without a word");
	if (made.pid <= 0) {
		(void)err_check_received(&made.error);
		if (err)
			*err = made.error;
		return -made.error.code;
	}
	*ret_pidfd = fd;
	return made.pid;
}

pid_t namespace_clone(const struct spec *spec, int cgroup_fd, int *ret_pidfd, struct error *err)
{
	if (needs_intermediate(spec))
		return clone_through_intermediate(spec, cgroup_fd, ret_pidfd, err);
	pid_t pid = clone_process(new_namespaces(spec), SIGCHLD, cgroup_fd, ret_pidfd);
	return pid < 0 ? clone_failed(-pid, err) : pid;
}
