/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/namespace-join.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/util.h"
#include "runtime/procfs.h"

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

/* A process that has ended has no namespaces any more, and its number can be another's already. */
static int look_for_foreign(int proc, pid_t pid, int pidfd)
{
	int flags = 0;
	for (int type = 0; type < NAMESPACE_COUNT; type++) {
		char own[32], theirs[48];
		struct stat a, b;
		snprintf(own, sizeof own, "self/ns/%s", namespace_proc_name(type));
		snprintf(theirs, sizeof theirs, "%d/ns/%s", pid, namespace_proc_name(type));
		if (fstatat(proc, own, &a, 0) < 0)
			continue; /* this kernel has no such namespaces */
		if (fstatat(proc, theirs, &b, 0) < 0)
			return errno == ENOENT ? -ESRCH : -errno;
		if (a.st_ino != b.st_ino)
			flags |= namespace_clone_flag(type);
	}
	int r = process_signal(pidfd, 0);
	return r < 0 ? r : flags;
}

static int cannot_join(const char *id, int error, struct error *err)
{
	if (error == ESRCH)
		return err_set(err, ERR_STATE, "container '%s' has just ended", id);
	return err_sys(err, error, "join the namespaces of container '%s'", id);
}

int namespace_foreign(int proc, const struct container *container, int pidfd, struct error *err)
{
	int flags = look_for_foreign(proc, container->pid, pidfd);
	return flags < 0 ? cannot_join(container->id, -flags, err) : flags;
}

int namespace_join_container(const struct container *container, int pidfd, int flags, struct error *err)
{
	return flags && setns(pidfd, flags) < 0 ? cannot_join(container->id, errno, err) : 0;
}

int namespace_fds_open(const struct spec *spec, struct namespace_fds *ret, struct error *err)
{
	static const struct namespace_fds none = NAMESPACE_FDS_NONE;
	_cleanup_(namespace_fds_close) struct namespace_fds namespaces = none;
	for (int type = 0; type < NAMESPACE_COUNT; type++) {
		const char *path = spec->namespaces[type].path;
		int fd = path ? namespace_open(path, type, err) : -1;
		if (path && fd < 0)
			return fd;
		namespaces.fds[type] = fd;
	}
	*ret = namespaces;
	namespaces = none;
	return 0;
}

void namespace_fds_close(struct namespace_fds *namespaces)
{
	for (int type = 0; type < NAMESPACE_COUNT; type++)
		fd_close(TAKE_FD(namespaces->fds[type]));
}

static int join(const struct spec *spec, struct namespace_fds *namespaces, enum namespace_type type, struct error *err)
{
	if (namespaces->fds[type] < 0)
		return 0;
	if (setns(namespaces->fds[type], namespace_clone_flag(type)) < 0)
		return err_sys_code(err, ERR_SPEC, errno, "join %s namespace '%s'", namespace_spec_name(type),
				    spec->namespaces[type].path);
	fd_close(TAKE_FD(namespaces->fds[type]));
	return 0;
}

int namespace_join_rest(const struct spec *spec, struct namespace_fds *namespaces, struct error *err)
{
	int r = 0;
	for (int type = 0; r == 0 && type < NAMESPACE_COUNT; type++)
		r = join(spec, namespaces, type, err);
	return r;
}

static bool is_new(const struct spec *spec, enum namespace_type type)
{
	return spec->namespaces[type].listed && !spec->namespaces[type].path;
}

/* The namespaces to be made with the process; a cgroup namespace follows once the process is in its cgroup. */
static uint64_t new_namespaces(const struct spec *spec)
{
	uint64_t flags = 0;
	for (int type = 0; type < NAMESPACE_COUNT; type++)
		if (is_new(spec, type) && type != NAMESPACE_CGROUP && type != NAMESPACE_TIME)
			flags |= (uint64_t)namespace_clone_flag(type);
	return flags;
}

static bool joined_by_children(enum namespace_type type)
{
	return type == NAMESPACE_USER || type == NAMESPACE_PID || type == NAMESPACE_TIME;
}

static bool needs_intermediate(const struct spec *spec)
{
	for (int type = 0; type < NAMESPACE_COUNT; type++)
		if (spec->namespaces[type].path && (joined_by_children(type) || spec->namespaces[NAMESPACE_USER].listed))
			return true;
	return is_new(spec, NAMESPACE_TIME);
}

pid_t namespace_clone_process(uint64_t flags, int exit_signal, int cgroup_fd, int *ret_pidfd, bool *ret_in_cgroup)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD | (cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = (uint64_t)exit_signal,
		.cgroup = (uint64_t)MAX(cgroup_fd, 0),
	};
	if (ret_in_cgroup)
		*ret_in_cgroup = cgroup_fd >= 0;
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
	if (pid < 0 && (errno == ENOSYS || errno == EPERM)) {
		if (ret_in_cgroup)
			*ret_in_cgroup = false;
		/* The place of the pidfd is where the parent's thread id would be. Source: clone(2), CLONE_PIDFD. */
		pid = (pid_t)syscall(SYS_clone, flags | CLONE_PIDFD | (uint64_t)exit_signal, NULL, &pidfd, NULL, NULL);
	}
	if (pid > 0)
		*ret_pidfd = pidfd;
	return pid < 0 ? -errno : pid;
}

static int clone_failed(const struct spec *spec, int error, struct error *err)
{
	/* Source: pid_namespaces(7), "The namespace init process": then fork(2) fails with ENOMEM. */
	if (error == ENOMEM && spec->namespaces[NAMESPACE_PID].path)
		return err_set(err, ERR_STATE, "the pid namespace that is to be joined has ended with its first process");
	int r = err_sys(err, error, "make the container's process in new namespaces");
	if (error == ENOSPC || error == EUSERS)
		err_cause(err, "a limit of namespaces is reached (/proc/sys/user/max_*_namespaces)");
	return r;
}

/* --- through an intermediate --- */

struct made {
	pid_t pid; /* 0: failed */
	bool in_cgroup;
	struct error error;
};

/* The clocks' names are timens_offsets's own. Source: time_namespaces(7), "/proc/PID/timens_offsets". */
static int write_offsets(const struct spec *spec, struct error *err)
{
	const struct spec_time_offset *boottime = &spec->time_offset_boottime, *monotonic = &spec->time_offset_monotonic;
	char text[160] = "", path[32];
	int len = 0;
	if (boottime->set)
		len = snprintf(text, sizeof text, "boottime %" PRId64 " %" PRIu32 "\n", boottime->seconds,
			       boottime->nanoseconds);
	if (monotonic->set)
		snprintf(text + len, sizeof text - (size_t)len, "monotonic %" PRId64 " %" PRIu32 "\n",
			 monotonic->seconds, monotonic->nanoseconds);
	if (!text[0])
		return 0;
	_cleanup_close_ int proc = procfs_open(err);
	if (proc < 0)
		return proc;
	snprintf(path, sizeof path, "%d/timens_offsets", getpid());
	int r = procfs_write(proc, path, text);
	return r < 0 ? err_sys_code(err, ERR_SPEC, -r, "set the time offsets of the container") : 0;
}

/* For our children; we stay in the old one, and so it takes its offsets. */
static int make_time_namespace(const struct spec *spec, struct error *err)
{
	if (unshare(namespace_clone_flag(NAMESPACE_TIME)) < 0)
		return errno == EINVAL ? err_set(err, ERR_UNSUPPORTED, "this kernel has no time namespaces") :
					 err_sys(err, errno, "make a time namespace");
	return write_offsets(spec, err);
}

/*
 * Those of the host, while we may: of mount and cgroup namespaces we still need our own. Where the kernel says no, the
 * namespace belongs to the user namespace that we have not joined yet.
 */
static void join_the_hosts(const struct spec *spec, struct namespace_fds *namespaces)
{
	static const enum namespace_type types[] = { NAMESPACE_NETWORK, NAMESPACE_UTS, NAMESPACE_IPC, NAMESPACE_PID,
						     NAMESPACE_TIME };
	for (size_t i = 0; i < ARRAY_SIZE(types) && spec->namespaces[NAMESPACE_USER].listed; i++)
		(void)join(spec, namespaces, types[i], NULL);
}

static int join_for_children(const struct spec *spec, struct namespace_fds *namespaces, struct error *err)
{
	int r = 0;
	join_the_hosts(spec, namespaces);
	for (int type = 0; r == 0 && type < NAMESPACE_COUNT; type++)
		if (joined_by_children(type))
			r = join(spec, namespaces, type, err);
	if (r == 0 && is_new(spec, NAMESPACE_TIME))
		r = make_time_namespace(spec, err);
	return r;
}

/* Returns in the new process only. */
static void intermediate(const struct spec *spec, struct namespace_fds *namespaces, int cgroup_fd, int sock,
			 bool *ret_in_cgroup)
{
	struct made made = { 0 };
	int pidfd = -1;
	if (join_for_children(spec, namespaces, &made.error) == 0) {
		pid_t pid = namespace_clone_process(new_namespaces(spec) | CLONE_PARENT, 0, cgroup_fd, &pidfd,
						    ret_in_cgroup);
		if (pid == 0)
			return;
		if (pid < 0)
			(void)clone_failed(spec, -pid, &made.error);
		made.pid = MAX(pid, 0);
		made.in_cgroup = *ret_in_cgroup;
	}
	(void)fd_send(sock, &made, sizeof made, &pidfd, pidfd >= 0);
	_exit(0);
}

static pid_t clone_through_intermediate(const struct spec *spec, struct namespace_fds *namespaces, int cgroup_fd,
					int *ret_pidfd, bool *ret_in_cgroup, struct error *err)
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
		intermediate(spec, namespaces, cgroup_fd, theirs, ret_in_cgroup);
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
	*ret_in_cgroup = made.in_cgroup;
	return made.pid;
}

pid_t namespace_clone(const struct spec *spec, struct namespace_fds *namespaces, int cgroup_fd, int *ret_pidfd,
		      bool *ret_in_cgroup, struct error *err)
{
	if (needs_intermediate(spec))
		return clone_through_intermediate(spec, namespaces, cgroup_fd, ret_pidfd, ret_in_cgroup, err);
	pid_t pid = namespace_clone_process(new_namespaces(spec), SIGCHLD, cgroup_fd, ret_pidfd, ret_in_cgroup);
	return pid < 0 ? clone_failed(spec, -pid, err) : pid;
}
