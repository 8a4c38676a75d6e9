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
#include "base/str.h"
#include "base/util.h"

enum {
	MAX_LINKS = 40,	   /* as the kernel's own limit (path_resolution(7)) */
	MAX_ATTEMPTS = 32, /* openat2() says EAGAIN when a rename anywhere on the system raced with a ".." */
};

static int try_openat2(int dir, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = flags & (O_CREAT | __O_TMPFILE) ? mode : 0,
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

/* --- the walk by hand, for kernels without openat2() --- */

struct walk {
	int dirs[PATH_MAX / 2]; /* from the root down; ".." pops */
	size_t depth;
	int links;
	char left[PATH_MAX]; /* what is still to be resolved */
};

static void walk_pop_to(struct walk *walk, size_t depth)
{
	while (walk->depth > depth)
		fd_close(walk->dirs[--walk->depth]);
}

/* Put the target of link @fd in front of what is left. */
static int walk_follow(struct walk *walk, int fd)
{
	char target[PATH_MAX], joined[PATH_MAX];
	ssize_t len = readlinkat(fd, "", target, sizeof target - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	if (++walk->links > MAX_LINKS)
		return -ELOOP;
	int n = snprintf(joined, sizeof joined, "%s/%s", target, walk->left);
	if (n < 0 || (size_t)n >= sizeof joined)
		return -ENAMETOOLONG;
	str_copy(walk->left, sizeof walk->left, joined);
	if (target[0] == '/')
		walk_pop_to(walk, 1);
	return 0;
}

/* Take the next component off what is left. */
static void walk_next(struct walk *walk, char *name, size_t size, bool *ret_slash_follows)
{
	char *at = walk->left + strspn(walk->left, "/");
	size_t len = strcspn(at, "/");
	str_copy(name, MIN(len + 1, size), at);
	*ret_slash_follows = at[len] == '/';
	memmove(walk->left, at + len, strlen(at + len) + 1);
	if (strspn(walk->left, "/") == strlen(walk->left))
		walk->left[0] = '\0';
}

static int walk_open_last(int parent, const char *name, int flags, mode_t mode)
{
	int fd = openat(parent, name, flags | O_CLOEXEC | O_NOFOLLOW, mode);
	return fd < 0 ? -errno : fd;
}

static int walk_run(struct walk *walk, int flags, mode_t mode, bool allow_links)
{
	for (;;) {
		char name[NAME_MAX + 2];
		bool slash;
		walk_next(walk, name, sizeof name, &slash);
		if (strlen(name) > NAME_MAX)
			return -ENAMETOOLONG;
		bool last = walk->left[0] == '\0';
		int parent = walk->dirs[walk->depth - 1];
		if (name[0] == '\0')
			return walk_open_last(parent, ".", flags, mode);
		if (streq(name, "."))
			continue;
		if (streq(name, "..")) {
			if (walk->depth == 1 && !allow_links)
				return -EXDEV;
			walk_pop_to(walk, MAX(walk->depth - 1, (size_t)1));
			continue;
		}
		int fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return errno == ENOENT && last && (flags & O_CREAT) ? walk_open_last(parent, name, flags, mode) :
									       -errno;
		struct stat st;
		if (fstat(fd, &st) < 0) {
			fd_close(fd);
			return -EIO;
		}
		bool keep_link = last && !slash && (flags & O_NOFOLLOW);
		if (S_ISLNK(st.st_mode) && !keep_link) {
			int r = allow_links ? walk_follow(walk, fd) : -ELOOP;
			fd_close(fd);
			if (r < 0)
				return r;
			continue;
		}
		if (last && !S_ISDIR(st.st_mode)) {
			fd_close(fd);
			return slash ? -ENOTDIR : walk_open_last(parent, name, flags, mode);
		}
		if (!S_ISDIR(st.st_mode) || walk->depth == ARRAY_SIZE(walk->dirs)) {
			fd_close(fd);
			return -ENOTDIR;
		}
		walk->dirs[walk->depth++] = fd;
	}
}

static int open_by_walk(int root, const char *path, int flags, mode_t mode, bool allow_links)
{
	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (!allow_links && path[0] == '/')
		return -EXDEV;
	struct walk *walk = NEW(struct walk);
	walk->dirs[walk->depth++] = openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	str_copy(walk->left, sizeof walk->left, path);
	int r = walk->dirs[0] < 0 ? -errno : walk_run(walk, flags, mode, allow_links);
	walk_pop_to(walk, 0);
	free(walk);
	return r;
}

int path_open_in_root(int root, const char *path, int flags, mode_t mode)
{
	int fd = try_openat2(root, *path ? path : ".", flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	return openat2_is_missing(fd) ? open_by_walk(root, path, flags, mode, true) : fd;
}

int path_open_beneath(int dir, const char *path, int flags, mode_t mode)
{
	int fd = try_openat2(dir, path, flags, mode, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	return openat2_is_missing(fd) ? open_by_walk(dir, path, flags, mode, false) : fd;
}

/*
 * Make the one directory @name below @parent. Somebody may be faster: that is fine, if it is a directory.
 * Returns an O_PATH fd or -errno.
 */
static int make_and_open(int parent, const char *name, mode_t mode)
{
	if (mkdirat(parent, name, mode) < 0 && errno != EEXIST)
		return -errno;
	int fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int path_make_dirs_in_root(int root, const char *path, mode_t mode)
{
	int fd = path_open_in_root(root, path, O_PATH | O_DIRECTORY, 0);
	if (fd != -ENOENT)
		return fd;

	/* Find how much of it exists; every prefix is resolved from the root, so links inside it stay inside. */
	_cleanup_free_ char *clean = path_normalize(path);
	_cleanup_strv_ char **names = strv_split(clean + strspn(clean, "/"), '/');
	_cleanup_close_ int at = openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return -errno;
	_cleanup_str_ struct str prefix = { 0 };
	bool making = false;
	for (char **name = names; *name; name++) {
		str_appendf(&prefix, "/%s", *name);
		int next = making ? -ENOENT : path_open_in_root(root, prefix.data, O_PATH | O_DIRECTORY, 0);
		if (next == -ENOENT) {
			making = true;
			next = make_and_open(at, *name, mode);
		}
		if (next < 0)
			return next;
		fd_close(at);
		at = next;
	}
	return TAKE_FD(at);
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

int path_make_dirs(const char *path, mode_t mode, struct error *err)
{
	if (mkdir(path, mode) == 0)
		return 0;
	if (errno == EEXIST)
		return 0;
	if (errno != ENOENT)
		return err_sys(err, errno, "make directory '%s'", path);
	_cleanup_free_ char *clean = path_normalize(path);
	for (char *slash = clean + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		int r = mkdir(clean, mode);
		if (r < 0 && errno != EEXIST)
			return err_sys(err, errno, "make directory '%s'", clean);
		*slash = '/';
	}
	if (mkdir(clean, mode) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make directory '%s'", clean);
	return 0;
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

/* Remove the children of the directory that @fd (taken over) is open on. */
static int remove_children(int fd)
{
	_cleanup_closedir_ DIR *dir = fdopendir(fd);
	if (!dir) {
		fd_close(fd);
		return -errno;
	}
	int first = 0;
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
			continue;
		int r = path_remove_tree(dirfd(dir), entry->d_name);
		if (r < 0 && first == 0)
			first = r;
	}
	return first;
}

int path_remove_tree(int dir, const char *name)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -errno;
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	int first = remove_children(fd);
	if (unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return first < 0 ? first : -errno;
	return first;
}

char *path_of_fd(int fd)
{
	char target[PATH_MAX];
	ssize_t len = readlink(fd_path(fd).text, target, sizeof target - 1);
	if (len < 0)
		return mem_printf("fd %d", fd);
	return mem_strndup(target, (size_t)len);
}
