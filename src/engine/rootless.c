/* SPDX-License-Identifier: Apache-2.0 */
/* Finding a user's namespaces, and entering them. Sources: namespaces(7), ioctl_ns(2), setns(2). */
#include "engine/rootless.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/process.h"
#include "base/util.h"
#include "engine/rootless-internal.h"

#define RECORD_FILE "holder"
#define LOCK_FILE "holder.lock"

enum { RECORD_MAX = 128 };

static bool has_entered;

bool rootless_has_entered(void)
{
	return has_entered;
}

bool rootless_is_needed(void)
{
	return geteuid() != 0;
}

/* --- the record --- */

static int record_read(int dir, struct holder *ret)
{
	char text[RECORD_MAX];
	struct holder holder;
	uint64_t user, mount;
	if (file_read_line(dir, RECORD_FILE, text, sizeof text) <= 0 ||
	    sscanf(text, "%d %" SCNu64 " %" SCNu64 " %" SCNu64, &holder.pid, &holder.start_time, &user, &mount) != 4)
		return -ENOENT;
	holder.user = (ino_t)user;
	holder.mount = (ino_t)mount;
	*ret = holder;
	return 0;
}

static int record_write(int dir, const struct holder *holder, struct error *err)
{
	char text[RECORD_MAX];
	int len = snprintf(text, sizeof text, "%d %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", (int)holder->pid,
			   holder->start_time, (uint64_t)holder->user, (uint64_t)holder->mount);
	int r = file_write_atomic(dir, RECORD_FILE, text, (size_t)len, 0600, 0, err);
	return r < 0 ? err_wrap(err, "take down who holds your namespaces") : 0;
}

/* --- the namespaces --- */

struct namespaces {
	int user, mount;
};
#define NAMESPACES_NONE ((struct namespaces){ -1, -1 })

static void namespaces_close(struct namespaces *namespaces)
{
	fd_close(namespaces->user);
	fd_close(namespaces->mount);
	*namespaces = NAMESPACES_NONE;
}
#define _cleanup_namespaces_ _cleanup_(namespaces_close)

static int open_namespace(pid_t pid, const char *type)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, type);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static bool is_numbered(int fd, ino_t number)
{
	struct stat st;
	return fstat(fd, &st) == 0 && st.st_ino == number;
}

static bool is_same(int fd, int other)
{
	struct stat st;
	return fstat(other, &st) == 0 && is_numbered(fd, st.st_ino);
}

/* Made by us, in the namespace that we are in (U1). */
static bool user_namespace_is_ours(int user)
{
	_cleanup_close_ int here = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int parent = ioctl(user, NS_GET_PARENT);
	uid_t owner;
	return here >= 0 && parent >= 0 && is_same(parent, here) && ioctl(user, NS_GET_OWNER_UID, &owner) == 0 &&
	       owner == geteuid();
}

static bool are_ours(const struct namespaces *namespaces)
{
	_cleanup_close_ int owner = ioctl(namespaces->mount, NS_GET_USERNS);
	return owner >= 0 && is_same(owner, namespaces->user) && user_namespace_is_ours(namespaces->user);
}

/* Those of process @pid, if they are the ones of @holder. 0 or -errno. */
static int open_namespaces(pid_t pid, const struct holder *holder, struct namespaces *ret)
{
	_cleanup_namespaces_ struct namespaces found = NAMESPACES_NONE;
	if ((found.user = open_namespace(pid, "user")) < 0 || (found.mount = open_namespace(pid, "mnt")) < 0)
		return -ESRCH;
	if (!is_numbered(found.user, holder->user) || !is_numbered(found.mount, holder->mount) || !are_ours(&found))
		return -ESRCH;
	*ret = found;
	found = NAMESPACES_NONE;
	return 0;
}

static int enter(const struct namespaces *namespaces, struct error *err)
{
	_cleanup_free_ char *directory = getcwd(NULL, 0);
	if ((namespaces->user >= 0 && setns(namespaces->user, CLONE_NEWUSER) < 0) ||
	    (namespaces->mount >= 0 && setns(namespaces->mount, CLONE_NEWNS) < 0))
		return err_sys(err, errno, "enter your user and mount namespace");
	/* It is the root directory now; one that is gone, or not to be seen by us, is left. */
	if (directory && chdir(directory) < 0)
		log_debug("rootless: the working directory '%s' is left: errno %d", directory, errno);
	return 0;
}

/* --- looking for them --- */

/* Opened first and compared then, as with pidfds: so they are not those of a process that came to have this number. */
static int open_of_holder(const struct holder *holder, struct namespaces *ret)
{
	_cleanup_namespaces_ struct namespaces found = NAMESPACES_NONE;
	int r = open_namespaces(holder->pid, holder, &found);
	if (r < 0 || process_start_time(holder->pid, NULL) != holder->start_time)
		return -ESRCH;
	*ret = found;
	found = NAMESPACES_NONE;
	return 0;
}

/* Of any process that is in those of @holder, who has died: a container's monitor, say. */
static int open_of_anybody(const struct holder *holder, struct namespaces *ret)
{
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	for (struct dirent *entry; proc && (entry = readdir(proc));) {
		uint64_t pid;
		if (parse_u64(entry->d_name, INT32_MAX, &pid, NULL) >= 0 &&
		    open_namespaces((pid_t)pid, holder, ret) == 0)
			return 0;
	}
	return -ESRCH;
}

/* The user namespace that has this @number: that of process @pid, or one that has it in it. Returns an fd, or -ESRCH. */
static int open_user_around(pid_t pid, ino_t number)
{
	enum { DEPTH_MAX = 32 }; /* the kernel's own limit */
	_cleanup_close_ int mount = open_namespace(pid, "mnt"); /* which one that has ended does not have */
	_cleanup_close_ int user = mount < 0 ? mount : open_namespace(pid, "user");
	for (int depth = 0; user >= 0 && depth < DEPTH_MAX && !is_numbered(user, number); depth++) {
		int parent = ioctl(user, NS_GET_PARENT);
		fd_close(user);
		user = parent;
	}
	return user >= 0 && is_numbered(user, number) && user_namespace_is_ours(user) ? TAKE_FD(user) : -ESRCH;
}

/* Of anything that is left in that of @holder: a process of a container with an id of its own, a name server. */
static int open_user_of_anything(const struct holder *holder)
{
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	for (struct dirent *entry; proc && (entry = readdir(proc));) {
		uint64_t pid;
		int user = parse_u64(entry->d_name, INT32_MAX, &pid, NULL) < 0
				   ? -1
				   : open_user_around((pid_t)pid, holder->user);
		if (user >= 0)
			return user;
	}
	return -ESRCH;
}

/* Returns 1 if they were found and entered, 0 if there are none. */
static int enter_found(int dir, struct error *err)
{
	_cleanup_namespaces_ struct namespaces namespaces = NAMESPACES_NONE;
	struct holder holder;
	if (record_read(dir, &holder) < 0 || open_of_holder(&holder, &namespaces) < 0)
		return 0;
	int r = enter(&namespaces, err);
	return r < 0 ? r : 1;
}

static int enter_left(int dir, struct error *err)
{
	_cleanup_namespaces_ struct namespaces namespaces = NAMESPACES_NONE;
	struct holder holder;
	if (record_read(dir, &holder) < 0 || open_of_anybody(&holder, &namespaces) < 0)
		return 0;
	int r = enter(&namespaces, err);
	if (r >= 0)
		r = holder_make(0, &holder, err);
	if (r >= 0)
		r = record_write(dir, &holder, err);
	return r < 0 ? r : 1;
}

/*
 * Nobody has the mount namespace any more, but something is left in the user namespace: only from in there can it be ended,
 * as what it belonged to is cleaned up.
 */
static int enter_remains(int dir, struct error *err)
{
	_cleanup_namespaces_ struct namespaces user = NAMESPACES_NONE, mount = NAMESPACES_NONE;
	struct holder holder;
	if (record_read(dir, &holder) < 0 || (user.user = open_user_of_anything(&holder)) < 0)
		return 0;
	int r = enter(&user, err);
	if (r >= 0)
		r = holder_make(CLONE_NEWNS, &holder, err);
	if (r >= 0)
		r = record_write(dir, &holder, err);
	if (r < 0)
		return r;
	mount.mount = open_namespace(holder.pid, "mnt");
	if (mount.mount < 0)
		return err_set(err, ERR_SYSTEM, "the process that holds your namespaces has died");
	r = enter(&mount, err);
	return r < 0 ? r : 1;
}

static int enter_new(int dir, struct error *err)
{
	struct holder holder;
	int r = holder_make(CLONE_NEWUSER | CLONE_NEWNS, &holder, err);
	if (r >= 0)
		r = record_write(dir, &holder, err);
	if (r >= 0)
		r = enter_found(dir, err);
	return r == 0 ? err_set(err, ERR_SYSTEM, "the process that holds your namespaces has died") : r;
}

/* Several commands may be the first at once. */
static int enter_or_make(int dir, struct error *err)
{
	_cleanup_close_ int lock = file_lock(dir, LOCK_FILE, true, true, err);
	int r = lock < 0 ? lock : enter_found(dir, err);
	if (r == 0)
		r = enter_left(dir, err);
	if (r == 0)
		r = enter_remains(dir, err);
	return r == 0 ? enter_new(dir, err) : r;
}

int rootless_enter(struct error *err)
{
	if (!rootless_is_needed())
		return 0;
	(void)process_own_path(); /* while it can be found out */
	_cleanup_close_ int dir = rootless_open_directory(err);
	int r = dir < 0 ? dir : enter_found(dir, err);
	if (r == 0)
		r = enter_or_make(dir, err);
	has_entered = r > 0;
	return MIN(r, 0);
}
