/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/copy-up.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd-copy.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"

/* Every level takes two fds and some stack, and what an image has is not that deep. */
enum { DEPTH_MAX = 100 };

struct copy {
	int from, to; /* directories */
	const char *path;
	int depth;
};

static int failed(int error, const char *path, struct error *err)
{
	return err_sys(err, error, "copy '%s'", path);
}

/* --- what every kind has --- */

/* The tmpfs may have no room for them, or no such namespace ("user." before Linux 6.6): those are left out. */
static int copy_attribute(int from, int to, const char *name)
{
	char value[XATTR_SIZE_MAX];
	ssize_t len = fgetxattr(from, name, value, sizeof value);
	if (len < 0)
		return errno == ENODATA || errno == ENOTSUP ? 0 : -errno;
	return fsetxattr(to, name, value, (size_t)len, 0) < 0 && errno != ENOTSUP && errno != EPERM ? -errno : 0;
}

static int copy_attributes(int from, int to)
{
	_cleanup_free_ char *names = mem_alloc(XATTR_LIST_MAX);
	ssize_t len = flistxattr(from, names, XATTR_LIST_MAX);
	if (len < 0)
		return errno == ENOTSUP ? 0 : -errno;
	int r = 0;
	for (const char *name = names; r == 0 && name < names + len; name += strlen(name) + 1)
		r = copy_attribute(from, to, name);
	return r;
}

/* The owner first: changing it takes set-user-ID away, and file capabilities, which are an attribute. */
static int copy_metadata(int from, int to, const struct stat *st)
{
	const struct timespec times[] = { st->st_atim, st->st_mtim };
	if (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0)
		return -errno;
	int r = copy_attributes(from, to);
	return r < 0 ? r : futimens(to, times) < 0 ? -errno : 0;
}

/* --- one kind each --- */

static int copy_file(const struct copy *copy, const char *name)
{
	struct stat st;
	_cleanup_close_ int from = openat(copy->from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (from < 0 || fstat(from, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EAGAIN; /* exchanged since it was looked at */
	_cleanup_close_ int to = openat(copy->to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	int r = fd_copy_content(from, to, st.st_size);
	return r < 0 ? r : copy_metadata(from, to, &st);
}

static int copy_link(const struct copy *copy, const char *name, const struct stat *st)
{
	char target[PATH_MAX];
	const struct timespec times[] = { st->st_atim, st->st_mtim };
	ssize_t len = readlinkat(copy->from, name, target, sizeof target - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	if (symlinkat(target, copy->to, name) < 0 ||
	    fchownat(copy->to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    utimensat(copy->to, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

/* By the fd: a volume may be in a container's hands already, which puts a link in the node's place. */
static int set_node(int fd, const struct stat *st)
{
	const struct timespec times[] = { st->st_atim, st->st_mtim };
	const struct fd_path path = fd_path(fd);
	struct stat made;
	if (fstat(fd, &made) < 0)
		return -errno;
	if ((made.st_mode ^ st->st_mode) & S_IFMT || made.st_rdev != st->st_rdev)
		return -EBUSY;
	if (fchownat(fd, "", st->st_uid, st->st_gid, AT_EMPTY_PATH) < 0 || chmod(path.text, st->st_mode & 07777) < 0 ||
	    utimensat(AT_FDCWD, path.text, times, 0) < 0)
		return -errno;
	return 0;
}

/* Devices, fifos and sockets. */
static int copy_node(const struct copy *copy, const char *name, const struct stat *st)
{
	if (mknodat(copy->to, name, (st->st_mode & S_IFMT) | 0600, st->st_rdev) < 0)
		return -errno;
	_cleanup_close_ int fd = openat(copy->to, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : set_node(fd, st);
}

static int copy_children(const struct copy *copy, struct error *err);

static int copy_directory(const struct copy *copy, const char *name, struct error *err)
{
	enum { FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };
	struct stat st;
	_cleanup_close_ int from = openat(copy->from, name, FLAGS);
	if (from < 0 || fstat(from, &st) < 0 || mkdirat(copy->to, name, 0700) < 0)
		return failed(errno, copy->path, err);
	_cleanup_close_ int to = openat(copy->to, name, FLAGS);
	if (to < 0)
		return failed(errno, copy->path, err);
	const struct copy below = { from, to, copy->path, copy->depth + 1 };
	int r = copy_children(&below, err);
	if (r < 0)
		return r;
	r = copy_metadata(from, to, &st);
	return r < 0 ? failed(-r, copy->path, err) : 0;
}

static int copy_entry(const struct copy *in, const char *name, struct error *err)
{
	_cleanup_free_ char *path = path_join(in->path, name);
	const struct copy copy = { in->from, in->to, path, in->depth };
	struct stat st;
	if (fstatat(copy.from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(errno, path, err);
	if (S_ISDIR(st.st_mode))
		return copy.depth < DEPTH_MAX ? copy_directory(&copy, name, err) : failed(ELOOP, path, err);
	int r = S_ISREG(st.st_mode) ? copy_file(&copy, name) :
		S_ISLNK(st.st_mode) ? copy_link(&copy, name, &st) :
				      copy_node(&copy, name, &st);
	return r < 0 ? failed(-r, path, err) : 0;
}

static int copy_children(const struct copy *copy, struct error *err)
{
	int fd = openat(copy->from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return failed(errno, copy->path, err);
	int r = 0;
	for (struct dirent *entry; r == 0 && (entry = readdir(dir));)
		if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
			r = copy_entry(copy, entry->d_name, err);
	return r;
}

int copy_up(int from, int to, const char *name, struct error *err)
{
	const struct copy copy = { from, to, name, 0 };
	return copy_children(&copy, err);
}

int copy_up_directory(int from, int to, const char *name, struct error *err)
{
	struct stat st;
	int r = copy_up(from, to, name, err);
	if (r < 0)
		return r;
	r = fstat(from, &st) < 0 ? -errno : copy_metadata(from, to, &st);
	return r < 0 ? failed(-r, name, err) : 0;
}
