/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces of other containers that this one is to live in. They are opened anew for every run, for the other may have
 * been started again since: its monitor's status says which process to look at, and a pidfd that it was this process whose
 * namespaces were opened, and not one that has got its number.
 *
 * Who shares another's IPC namespace has its /dev/shm, too. That is a mount of a mount namespace that is not ours, from
 * which only a process in there can make a copy.
 *
 * Source: namespaces(7), pidfd_open(2), open_tree(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "monitor/monitor-internal.h"
#include "runtime/mount.h"
#include "runtime/procfs.h"

#define SHARED_MEMORY "/dev/shm"

/* The process whose namespaces are wanted. */
struct donor {
	const char *id;
	int proc; /* procfs_open() */
	int pidfd;
	pid_t pid;
};

static void donor_done(struct donor *donor)
{
	fd_close(donor->proc);
	fd_close(donor->pidfd);
}

static int not_running(const char *id, enum namespace_type type, struct error *err)
{
	return err_set(err, ERR_STATE,
		       "cannot join the %s namespace of container %.12s: container %.12s is not running",
		       namespace_spec_name(type), id, id);
}

/* Its run directory lies beside ours. */
static int donor_open(const struct monitor *monitor, const char *id, enum namespace_type type, struct donor *ret,
		      struct error *err)
{
	struct monitor_status status;
	_cleanup_free_ char *beside = mem_printf("../%s", id);
	_cleanup_close_ int dir =
		openat(monitor->options->dir, beside, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 || monitor_status_read(dir, &status, NULL) < 0 || status.state != MONITOR_STATE_RUNNING)
		return not_running(id, type, err);
	_cleanup_close_ int proc = procfs_open(err);
	if (proc < 0)
		return proc;
	int pidfd = process_pidfd_checked(status.pid, status.start_time);
	if (pidfd < 0)
		return not_running(id, type, err);
	*ret = (struct donor){ .id = id, .proc = TAKE_FD(proc), .pidfd = pidfd, .pid = status.pid };
	return 0;
}

/* What was opened by its number is its own, for it has the number still. */
static int open_checked(const struct donor *donor, enum namespace_type type, struct error *err)
{
	char path[48];
	snprintf(path, sizeof path, "%d/ns/%s", donor->pid, namespace_proc_name(type));
	_cleanup_close_ int fd = openat(donor->proc, path, O_RDONLY | O_CLOEXEC);
	int error = errno;
	if (process_signal(donor->pidfd, 0) < 0 || (fd < 0 && error == ENOENT))
		return not_running(donor->id, type, err);
	if (fd < 0)
		return err_sys(err, error, "open the %s namespace of container %.12s", namespace_spec_name(type),
			       donor->id);
	return TAKE_FD(fd);
}

/* --- /dev/shm --- */

/* In its mount namespace. What else than a tmpfs stands there now is nobody's shared memory. */
static int copy_memory(int mount_namespace, struct error *err)
{
	struct statfs fs;
	if (setns(mount_namespace, CLONE_NEWNS) < 0)
		return err_sys(err, errno, "join its mount namespace");
	_cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int dir =
		root < 0 ? -1 : path_open_beneath(root, &SHARED_MEMORY[1], O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (dir < 0 || fstatfs(dir, &fs) < 0 || fs.f_type != TMPFS_MAGIC)
		return err_set(err, ERR_STATE, "there is no tmpfs on its " SHARED_MEMORY);
	return mount_clone(dir, false, err);
}

_Noreturn static void copy_and_send(int mount_namespace, int sock)
{
	struct error failure = { 0 };
	int mount = copy_memory(mount_namespace, &failure);
	(void)fd_send(sock, &failure, sizeof failure, &mount, mount >= 0);
	_exit(0);
}

/* Returns the detached mount that a process of ours has made in there. */
static int receive_memory(int sock, struct error *err)
{
	struct error failure;
	int mount = -1;
	size_t n_fds = 0;
	ssize_t n = fd_receive(sock, &failure, sizeof failure, &mount, 1, &n_fds);
	if (n == sizeof failure && n_fds == 1)
		return mount;
	if (n != sizeof failure)
		return err_set(err, ERR_INTERNAL, "the process that was to copy it has ended without a word");
	int r = err_check_received(&failure);
	if (err)
		*err = failure;
	return r;
}

static int share_memory(const struct donor *donor, struct error *err)
{
	int pair[2];
	_cleanup_close_ int mount_namespace = open_checked(donor, NAMESPACE_MOUNT, err);
	if (mount_namespace < 0)
		return mount_namespace;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "make a socket pair");
	_cleanup_close_ int ours = pair[0], theirs = pair[1];
	pid_t child = fork();
	if (child == 0)
		copy_and_send(mount_namespace, theirs);
	if (child < 0)
		return err_sys(err, errno, "make a process");
	fd_close(TAKE_FD(theirs));
	int mount = receive_memory(ours, err);
	(void)RETRY_ON_EINTR(waitpid(child, NULL, 0));
	return mount < 0 ? err_wrap(err, "share " SHARED_MEMORY " of container %.12s", donor->id) : mount;
}

/* Where it is to be mounted; NULL where somebody has brought something of their own. */
static struct spec_mount *place_of_memory(struct spec *spec)
{
	for (size_t i = 0; i < spec->n_mounts; i++)
		if (streq_null(spec->mounts[i].source, MONITOR_SHARED_MEMORY))
			return &spec->mounts[i];
	return NULL;
}

static int join_memory(struct monitor *monitor, const struct donor *donor, struct joined *joined, struct error *err)
{
	struct spec_mount *place = place_of_memory(monitor->spec);
	if (!place)
		return 0;
	joined->memory = share_memory(donor, err);
	place->mount = &joined->memory;
	return joined->memory;
}

/* --- "ipc=ID" --- */

static int type_of(const char *word, size_t len)
{
	for (int type = 0; type < NAMESPACE_COUNT; type++)
		if (strlen(namespace_spec_name(type)) == len && strncmp(namespace_spec_name(type), word, len) == 0)
			return type;
	return -1;
}

static int join(struct monitor *monitor, enum namespace_type type, const char *id, struct joined *joined,
		struct error *err)
{
	_cleanup_(donor_done) struct donor donor = { .proc = -1, .pidfd = -1 };
	struct spec_namespace *namespace = &monitor->spec->namespaces[type];
	int r = donor_open(monitor, id, type, &donor, err);
	if (r < 0)
		return r;
	joined->fds[type] = open_checked(&donor, type, err);
	if (joined->fds[type] < 0)
		return joined->fds[type];
	namespace->path = mem_strdup(fd_path(joined->fds[type]).text);
	return type == NAMESPACE_IPC ? join_memory(monitor, &donor, joined, err) : 0;
}

int join_containers(struct monitor *monitor, struct joined *joined, struct error *err)
{
	int r = 0;
	for (char **word = monitor->plan.joins; r >= 0 && word && *word; word++) {
		size_t len = strcspn(*word, "=");
		int type = type_of(*word, len);
		if (type < 0 || !(*word)[len] || monitor->spec->namespaces[type].path)
			return err_set(err, ERR_INTERNAL, "\"%s\" is no namespace of a container", *word);
		r = join(monitor, (enum namespace_type)type, *word + len + 1, joined, err);
	}
	return r < 0 ? r : 0;
}

const int *user_namespace_of(const struct monitor *monitor, const struct joined *joined, int *ret)
{
	bool is_joined = joined->fds[NAMESPACE_USER] >= 0;
	if (!monitor->plan.map_ids || (!is_joined && !monitor->options->has_userns))
		return NULL;
	*ret = is_joined ? joined->fds[NAMESPACE_USER] : MONITOR_USERNS_FD;
	return ret;
}

void joined_done(struct joined *joined)
{
	for (int type = 0; type < NAMESPACE_COUNT; type++)
		fd_close(joined->fds[type]);
	fd_close(joined->memory);
}
