/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts of a container that runs. What comes from the host is opened here, as detached mounts; a child joins the
 * container's namespaces, and a child of that one, which is in its pid namespace too, puts them in place: file systems such
 * as procfs show what their maker's namespaces hold. Places are resolved from the container's root, by fd, as at its start.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
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
#include "runtime/namespace-join.h"
#include "runtime/procfs.h"
#include "runtime/rootfs.h"

struct mounts_work {
	const struct container *container;
	struct rootfs rootfs;
	int (*act)(struct rootfs *rootfs, struct error *err);
	int pidfd, proc;
	int user_namespace; /* the container's, for mapped ids, or -1 */
	int sync[2]; /* ours, theirs */
};

static void work_done(struct mounts_work *work)
{
	rootfs_close(&work->rootfs);
	fd_close(work->pidfd);
	fd_close(work->proc);
	fd_close(work->user_namespace);
	fd_close(work->sync[0]);
	fd_close(work->sync[1]);
}

/* --- inside --- */

/*
 * By its name in a directory that we stand in: that needs no procfs, of which the container's may be anything. MNT_DETACH,
 * for whoever uses it may go on to do so.
 */
static int take_away(struct rootfs *rootfs, const char *destination, struct error *err)
{
	const char *name;
	_cleanup_close_ int parent = path_open_parent_in_root(rootfs->mount, destination, false, 0, &name);
	if (parent < 0)
		return err_sys_code(err, ERR_MOUNT, -parent, "open the directory of %s", destination);
	if (fchdir(parent) == 0 && umount2(name, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		return 0;
	if (errno == EINVAL)
		return err_set(err, ERR_MOUNT, "nothing is mounted on %s", destination);
	return err_sys_code(err, ERR_MOUNT, errno, "unmount %s", destination);
}

/* The last one first, for it may be on another one. */
static int take_all_away(struct rootfs *rootfs, struct error *err)
{
	int r = 0;
	for (size_t i = rootfs->spec->n_mounts; r == 0 && i > 0; i--)
		r = take_away(rootfs, rootfs->spec->mounts[i - 1].destination, err);
	return r;
}

/* Only the child of this process is in the pid namespace. */
static int join(struct mounts_work *work, struct error *err)
{
	int flags = namespace_foreign(work->proc, work->container, work->pidfd, err);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	int r = flags < 0 ? flags : namespace_join_container(work->container, work->pidfd, flags, err);
	if (r < 0)
		return r;
	if ((flags & CLONE_NEWUSER) && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
		return err_sys_code(err, ERR_IDMAP, errno, "become root of the user namespace");
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	umask(0);
	return 0;
}

_Noreturn static void answer(const struct mounts_work *work, const struct error *error)
{
	(void)fd_send(work->sync[1], error, sizeof *error, NULL, 0);
	_exit(0);
}

_Noreturn static void work_inside(struct mounts_work *work)
{
	struct error error = { 0 };
	if (join(work, &error) < 0)
		answer(work, &error);
	pid_t worker = fork();
	if (worker < 0) {
		(void)err_sys(&error, errno, "make a process in container '%s'", work->container->id);
		answer(work, &error);
	}
	if (worker == 0) {
		(void)work->act(&work->rootfs, &error);
		answer(work, &error);
	}
	(void)RETRY_ON_EINTR(waitpid(worker, NULL, 0));
	_exit(0);
}

/* --- outside --- */

static int converse(struct mounts_work *work, struct error *err)
{
	struct error answered;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, work->sync) < 0)
		return err_sys(err, errno, "make a socket pair");
	pid_t joiner = fork();
	if (joiner < 0)
		return err_sys(err, errno, "make a process");
	if (joiner == 0)
		work_inside(work);
	fd_close(TAKE_FD(work->sync[1]));
	ssize_t n = fd_receive(work->sync[0], &answered, sizeof answered, NULL, 0, NULL);
	(void)RETRY_ON_EINTR(waitpid(joiner, NULL, 0));
	if (n != sizeof answered)
		return err_set(err, ERR_INTERNAL, "the process that joins the container ended without a word");
	if (answered.code == 0)
		return 0;
	(void)err_check_received(&answered);
	if (err)
		*err = answered;
	return -answered.code;
}

static int open_container(struct mounts_work *work, struct container *container, struct error *err)
{
	enum container_status status;
	char root[32];
	int r = container_status(container, &status, err);
	if (r < 0)
		return r;
	work->pidfd = process_pidfd_checked(container->pid, container->start_time);
	if (status == CONTAINER_STOPPED || status == CONTAINER_CREATING || work->pidfd < 0)
		return err_set(err, ERR_STATE, "container not running: '%s' is %s", container->id,
			       container_status_name(status));
	if ((work->proc = procfs_open(err)) < 0)
		return work->proc;
	snprintf(root, sizeof root, "%d/root", container->pid);
	work->rootfs.mount = openat(work->proc, root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (work->rootfs.mount < 0)
		return err_sys(err, errno, "open the root of container '%s'", container->id);
	/* The pid was that of the container for as long as its process is there. */
	return process_signal(work->pidfd, 0) < 0 ?
		       err_set(err, ERR_STATE, "container '%s' has just ended", container->id) :
		       0;
}

/* What "idmap" alone means: the user namespace of the container, if it has one of its own. */
static int open_user_namespace(struct mounts_work *work, struct error *err)
{
	char path[32];
	int flags = namespace_foreign(work->proc, work->container, work->pidfd, err);
	if (flags < 0 || !(flags & CLONE_NEWUSER))
		return MIN(flags, 0);
	snprintf(path, sizeof path, "%d/ns/user", work->container->pid);
	work->user_namespace = openat(work->proc, path, O_RDONLY | O_CLOEXEC);
	if (work->user_namespace < 0)
		return err_sys(err, errno, "open the user namespace of container '%s'", work->container->id);
	work->rootfs.user_namespace = work->user_namespace;
	return 0;
}

static int do_inside(struct container *container, const struct spec *mounts,
		     int (*act)(struct rootfs *rootfs, struct error *err), struct error *err)
{
	_cleanup_(work_done) struct mounts_work work = {
		.container = container,
		.rootfs = { .spec = mounts, .mount = -1, .user_namespace = -1 },
		.act = act,
		.pidfd = -1,
		.proc = -1,
		.user_namespace = -1,
		.sync = { -1, -1 },
	};
	int r = open_container(&work, container, err);
	if (r == 0 && act == rootfs_mount_all && (r = open_user_namespace(&work, err)) == 0)
		r = rootfs_open(&work.rootfs, AT_FDCWD, err);
	return r < 0 ? r : converse(&work, err);
}

int container_add_mounts(struct container *container, const struct spec *mounts, struct error *err)
{
	for (size_t i = 0; i < mounts->n_mounts; i++) {
		const char *type = mounts->mounts[i].type;
		if (type && (streq(type, "cgroup") || streq(type, "cgroup2")))
			return err_set(err, ERR_UNSUPPORTED, "a mount of type \"%s\" cannot be added to a container that runs",
				       type);
	}
	return do_inside(container, mounts, rootfs_mount_all, err);
}

int container_remove_mounts(struct container *container, const struct spec *mounts, struct error *err)
{
	return do_inside(container, mounts, take_all_away, err);
}
