/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/path-walk.h"
#include "base/str.h"
#include "base/util.h"

enum { MAX_ATTEMPTS = 32 }; /* openat2() says EAGAIN when a rename anywhere on the system raced with a ".." */

static int try_openat2(int dir, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	bool creates = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = creates ? mode : 0,
		.resolve = resolve,
	};
	for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
		int fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
		if (fd >= 0)
			return fd;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return -EAGAIN;
}

/* Whether the kernel (or a sandbox around us) has no openat2() for us; EPERM from a file is told apart by a probe. */
static bool openat2_is_missing(int error)
{
	static int missing = -1;
	if (error != -ENOSYS && error != -EPERM)
		return false;
	if (missing < 0) {
		int fd = try_openat2(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0, 0);
		missing = fd == -ENOSYS || fd == -EPERM;
		fd_close(fd);
	}
	return missing;
}

int path_open_in_root(int root, const char *path, int flags, mode_t mode)
{
	int fd = try_openat2(root, *path ? path : ".", flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	if (!openat2_is_missing(fd))
		return fd;
	const struct path_walk how = { .flags = flags, .mode = mode, .follow = true };
	return path_walk(root, path, &how);
}

int path_open_beneath(int dir, const char *path, int flags, mode_t mode)
{
	int fd = try_openat2(dir, path, flags, mode, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	if (!openat2_is_missing(fd))
		return fd;
	const struct path_walk how = { .flags = flags, .mode = mode };
	return path_walk(dir, path, &how);
}

int path_make_dirs_in_root(int root, const char *path, mode_t mode)
{
	int fd = path_open_in_root(root, path, O_PATH | O_DIRECTORY, 0);
	const struct path_walk how = {
		.flags = O_PATH | O_DIRECTORY, .follow = true, .make_dirs = true, .dir_mode = mode
	};
	return fd == -ENOENT ? path_walk(root, path, &how) : fd;
}

int path_make_file_in_root(int root, const char *path, mode_t mode, mode_t dir_mode)
{
	const struct path_walk how = {
		.flags = O_CREAT | O_RDONLY | O_NONBLOCK | O_NOCTTY,
		.mode = mode,
		.follow = true,
		.make_dirs = true,
		.dir_mode = dir_mode,
	};
	return path_walk(root, path, &how);
}

int path_open_parent_in_root(int root, const char *path, bool make, mode_t mode, const char **ret_name)
{
	size_t len = strlen(path);
	while (len > 0 && path[len - 1] == '/')
		len--;
	if (len == 0 || len != strlen(path))
		return -EINVAL;
	const char *name = path_base(path);
	if (streq(name, ".") || streq(name, ".."))
		return -EINVAL;
	_cleanup_free_ char *parent = mem_strndup(path, (size_t)(name - path));
	int fd = make ? path_make_dirs_in_root(root, parent, mode) :
			path_open_in_root(root, parent, O_PATH | O_DIRECTORY, 0);
	if (fd >= 0)
		*ret_name = name;
	return fd;
}

/* A directory, or a link to one, may be there already. */
static int make_directory(const char *path, mode_t mode, struct error *err)
{
	struct stat st;
	if (mkdir(path, mode) == 0)
		return 0;
	int error = errno;
	if (error == EEXIST && stat(path, &st) == 0)
		error = S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
	return error ? err_sys(err, error, "make directory '%s'", path) : 0;
}

int path_make_dirs(const char *path, mode_t mode, struct error *err)
{
	struct stat st;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	_cleanup_free_ char *clean = path_normalize(path);
	for (char *slash = clean + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		int r = make_directory(clean, mode, err);
		if (r < 0)
			return r;
		*slash = '/';
	}
	return make_directory(clean, mode, err);
}

char *path_normalize(const char *path)
{
	bool absolute = path[0] == '/';
	_cleanup_strv_ char **names = strv_split(path, '/');
	struct str clean = { 0 };
	if (absolute)
		str_append_char(&clean, '/');
	size_t floor = clean.len, kept = 0;
	for (char **name = names; *name; name++) {
		if (streq(*name, "") || streq(*name, "."))
			continue;
		if (streq(*name, "..") && (kept > 0 || absolute)) {
			const char *slash = clean.data ? strrchr(clean.data, '/') : NULL;
			size_t cut = slash ? (size_t)(slash - clean.data) : 0;
			str_truncate(&clean, MAX(cut, floor));
			kept -= kept > 0;
			continue;
		}
		if (clean.len > floor)
			str_append_char(&clean, '/');
		str_append(&clean, *name);
		kept += !streq(*name, "..");
	}
	if (clean.len == 0)
		str_append_char(&clean, '.');
	return str_take(&clean);
}

char *path_join(const char *dir, const char *name)
{
	const char *slash = str_ends_with(dir, "/") || !*dir ? "" : "/";
	return mem_printf("%s%s%s", dir, slash, name + (*slash || *dir ? strspn(name, "/") : 0));
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/*
 * Somebody else made the tree, and as deep as it pleased them, but fds and stack are few. So a directory deeper than
 * REMOVE_DEPTH_MAX is not entered but moved up, to the top of what is being removed, where it is found again.
 */
enum { REMOVE_DEPTH_MAX = 64 };

struct removal {
	int top;	 /* fd of the directory that is being removed */
	unsigned names;	 /* that were tried for directories moved up */
	bool moved;	 /* since the children of the top were listed */
};

static int move_up(struct removal *removal, int dir, const char *name)
{
	char target[32];
	int r;
	do {
		snprintf(target, sizeof target, ".deep-%u", removal->names++);
		r = renameat2(dir, name, removal->top, target, RENAME_NOREPLACE);
	} while (r < 0 && errno == EEXIST);
	if (r < 0)
		return errno == ENOENT ? 0 : -errno;
	removal->moved = true;
	return 0;
}

static int remove_entry(struct removal *removal, int dir, const char *name, int depth);

/* Remove the children of the directory that @fd (taken over) is open on. */
static int remove_children(struct removal *removal, int fd, int depth)
{
	_cleanup_closedir_ DIR *dir = fdopendir(fd);
	if (!dir) {
		int error = -errno;
		fd_close(fd);
		return error;
	}
	int first = 0;
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
			continue;
		int r = remove_entry(removal, dirfd(dir), entry->d_name, depth);
		if (r < 0 && first == 0)
			first = r;
	}
	return first;
}

/* Remove what is no directory, or is an empty one. Returns 0, -ENOTEMPTY, or another -errno. */
static int remove_leaf(int dir, const char *name)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return errno == EEXIST ? -ENOTEMPTY : -errno;
}

static int open_to_remove(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int remove_entry(struct removal *removal, int dir, const char *name, int depth)
{
	int r = remove_leaf(dir, name);
	if (r != -ENOTEMPTY)
		return r;
	if (depth == REMOVE_DEPTH_MAX)
		return move_up(removal, dir, name);
	int fd = open_to_remove(dir, name);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	int first = remove_children(removal, fd, depth + 1);
	r = remove_leaf(dir, name);
	return first < 0 ? first : r;
}

static int remove_once(int dir, const char *name)
{
	int r = remove_leaf(dir, name);
	if (r != -ENOTEMPTY)
		return r;
	_cleanup_close_ int top = open_to_remove(dir, name);
	if (top < 0)
		return top == -ENOENT ? 0 : top;
	struct removal removal = { .top = top };
	int first = 0;
	do {
		removal.moved = false;
		int fd = open_to_remove(top, ".");
		r = fd < 0 ? fd : remove_children(&removal, fd, 1);
		if (r < 0 && first == 0)
			first = r;
	} while (removal.moved);
	r = remove_leaf(dir, name);
	return first < 0 ? first : r;
}

int path_remove_tree(int dir, const char *name)
{
	enum { ATTEMPTS = 16 };
	int r = remove_once(dir, name);
	for (int i = 1; r == -ENOTEMPTY && i < ATTEMPTS; i++)
		r = remove_once(dir, name);
	return r;
}

char *path_of_fd(int fd)
{
	char target[PATH_MAX];
	ssize_t len = readlink(fd_path(fd).text, target, sizeof target - 1);
	if (len < 0)
		return mem_printf("fd %d", fd);
	return mem_strndup(target, (size_t)len);
}
