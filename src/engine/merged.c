/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/merged.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "storage/overlay-marks.h"

enum {
	LINKS_MAX = 40, /* the kernel's own limit; source: path_resolution(7) */
	DEPTH_MAX = 256,
};

/* One directory of the merged view: the directories that it is made of, topmost first. */
struct level {
	int *fds;
	size_t n_fds;
};

struct merged {
	struct level root;
};

/* Where a walk has come to: the directories from the root down, which ".." takes back. */
struct walk {
	struct level stack[DEPTH_MAX]; /* [0] is the root's, and not ours to close */
	size_t depth;		       /* of the current one */
	int links;
};

static void level_done(struct level *level)
{
	for (size_t i = 0; i < level->n_fds; i++)
		fd_close(level->fds[i]);
	free(level->fds);
	*level = (struct level){ 0 };
}

static void walk_to_root(struct walk *walk)
{
	for (; walk->depth > 0; walk->depth--)
		level_done(&walk->stack[walk->depth]);
}

static void walk_free(struct walk *walk)
{
	walk_to_root(walk);
	free(walk);
}
DEFINE_CLEANUP(struct walk *, walk_free);

/* --- one name in one merged directory --- */

static int open_directory(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* What a name is: a directory (in *ret, not empty), or something else, in the directory @parent of one layer. */
struct found {
	struct level directory;
	int parent;
	mode_t mode;
};

/* Take layer @dir into account. Returns 1 if those below it do not count any more, 0 if they do, or -errno. */
static int look_in_layer(int dir, const char *name, struct found *found)
{
	struct stat st;
	bool is_first = found->directory.n_fds == 0;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (overlay_is_whiteout(&st))
		return 1;
	if (!S_ISDIR(st.st_mode)) {
		if (is_first) {
			found->parent = dir;
			found->mode = st.st_mode;
		}
		return 1;
	}
	int fd = open_directory(dir, name);
	if (fd < 0)
		return fd;
	*ARRAY_APPEND(found->directory.fds, found->directory.n_fds) = fd;
	return overlay_is_marked(fd, OVERLAY_OPAQUE);
}

static int look_up(const struct level *level, const char *name, struct found *ret)
{
	struct found found = { .parent = -1 };
	int r = 0;
	for (size_t i = 0; r == 0 && i < level->n_fds; i++)
		r = look_in_layer(level->fds[i], name, &found);
	if (r >= 0 && found.parent < 0 && found.directory.n_fds == 0)
		r = -ENOENT;
	if (r < 0) {
		level_done(&found.directory);
		return r;
	}
	*ret = found;
	return 0;
}

/* --- a path --- */

static int enter(struct walk *walk, struct level *directory)
{
	if (walk->depth + 1 >= DEPTH_MAX) {
		level_done(directory);
		return -ENAMETOOLONG;
	}
	walk->stack[++walk->depth] = *directory;
	return 0;
}

static void leave(struct walk *walk)
{
	if (walk->depth > 0)
		level_done(&walk->stack[walk->depth--]);
}

/* The link's target, with what is still to be walked behind it, as the new *path. */
static int follow(struct walk *walk, int parent, const char *name, char **path)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(parent, name, target, sizeof target - 1);
	if (len < 0)
		return -errno;
	if (++walk->links > LINKS_MAX)
		return -ELOOP;
	target[len] = '\0';
	if (target[0] == '/')
		walk_to_root(walk);
	char *joined = mem_printf("%s/%s", target, *path);
	free(*path);
	*path = joined;
	return strlen(joined) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int open_found(int parent, const char *name, mode_t mode)
{
	if (!S_ISREG(mode))
		return -EINVAL;
	int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Take the first component off *path. Returns NULL at its end. free() it. */
static char *next_component(char **path)
{
	char *rest = *path + strspn(*path, "/");
	size_t len = strcspn(rest, "/");
	if (len == 0)
		return NULL;
	char *name = mem_strndup(rest, len);
	char *left = mem_strdup(rest + len);
	free(*path);
	*path = left;
	return name;
}

static bool is_end(const char *path)
{
	return path[strspn(path, "/")] == '\0';
}

/* One component. Returns an fd if the file was found, -EAGAIN to go on, or -errno. */
static int step(struct walk *walk, const char *name, char **path)
{
	if (streq(name, ".") || streq(name, "..")) {
		if (name[1])
			leave(walk);
		return -EAGAIN;
	}
	struct found found;
	int r = look_up(&walk->stack[walk->depth], name, &found);
	if (r < 0)
		return r;
	if (found.directory.n_fds > 0)
		r = enter(walk, &found.directory);
	else if (S_ISLNK(found.mode))
		r = follow(walk, found.parent, name, path);
	else
		return is_end(*path) ? open_found(found.parent, name, found.mode) : -ENOTDIR;
	return r < 0 ? r : -EAGAIN;
}

int merged_open_file(struct merged *merged, const char *path)
{
	_cleanup_(walk_freep) struct walk *walk = NEW(struct walk);
	_cleanup_free_ char *rest = mem_strdup(path);
	walk->stack[0] = merged->root;
	int r = -EAGAIN;
	while (r == -EAGAIN) {
		_cleanup_free_ char *name = next_component(&rest);
		r = name ? step(walk, name, &rest) : -EISDIR;
	}
	return r;
}

int merged_read(struct merged *merged, const char *path, size_t max, char **ret, struct error *err)
{
	_cleanup_close_ int fd = merged_open_file(merged, path);
	if (fd == -ENOENT || fd == -ENOTDIR || fd == -EISDIR || fd == -EINVAL || fd == -ELOOP) {
		*ret = mem_strdup("");
		return 0;
	}
	if (fd < 0)
		return err_sys(err, -fd, "read %s of the image", path);
	return fd_read_text(fd, max, path, ret, NULL, err);
}

int merged_open(char *const *dirs, struct merged **ret, struct error *err)
{
	_cleanup_merged_ struct merged *merged = NEW(struct merged);
	for (; dirs && *dirs; dirs++) {
		int fd = open(*dirs, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return err_sys(err, errno, "open layer '%s'", *dirs);
		*ARRAY_APPEND(merged->root.fds, merged->root.n_fds) = fd;
	}
	*ret = TAKE_PTR(merged);
	return 0;
}

void merged_free(struct merged *merged)
{
	if (!merged)
		return;
	level_done(&merged->root);
	free(merged);
}

/* --- directories --- */

int merged_enter(struct merged *dir, const char *name, struct merged **ret)
{
	struct found found;
	int r = look_up(&dir->root, name, &found);
	if (r < 0 || found.directory.n_fds == 0)
		return r;
	*ret = NEW(struct merged);
	(*ret)->root = found.directory;
	return 1;
}

int merged_stat(struct merged *dir, const char *name, struct stat *ret)
{
	struct found found;
	int r = look_up(&dir->root, name, &found);
	if (r < 0)
		return r;
	if (found.directory.n_fds > 0)
		r = fstat(found.directory.fds[0], ret);
	else
		r = fstatat(found.parent, name, ret, AT_SYMLINK_NOFOLLOW);
	r = r < 0 ? -errno : 0;
	level_done(&found.directory);
	return r;
}

/* --- names --- */

struct names {
	char **list;
	size_t count;
};

static int add_names(int dir, struct names *names)
{
	_cleanup_close_ int fd = open_directory(dir, ".");
	_cleanup_closedir_ DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	if (!stream)
		return fd < 0 ? fd : -errno;
	TAKE_FD(fd);
	for (struct dirent *entry; (entry = readdir(stream));)
		if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
			*ARRAY_APPEND(names->list, names->count) = mem_strdup(entry->d_name);
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Each once, and only those that no whiteout hides. */
static void keep_visible(struct merged *dir, struct names *names)
{
	size_t kept = 0;
	for (size_t i = 0; i < names->count; i++) {
		struct stat st;
		bool again = kept > 0 && streq(names->list[kept - 1], names->list[i]);
		if (!again && merged_stat(dir, names->list[i], &st) == 0)
			names->list[kept++] = names->list[i];
		else
			free(names->list[i]);
	}
	names->count = kept;
}

int merged_names(struct merged *dir, char ***ret)
{
	struct names names = { 0 };
	int r = 0;
	for (size_t i = 0; r >= 0 && i < dir->root.n_fds; i++)
		r = add_names(dir->root.fds[i], &names);
	if (names.count > 0)
		qsort(names.list, names.count, sizeof *names.list, compare_names);
	keep_visible(dir, &names);
	*ARRAY_APPEND(names.list, names.count) = NULL;
	if (r < 0)
		strv_free(names.list);
	else
		*ret = names.list;
	return r;
}
