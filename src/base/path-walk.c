/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path-walk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"

enum { MAX_LINKS = 40 }; /* as the kernel's own limit (path_resolution(7)) */

struct walk {
	const struct path_walk *how;
	int dirs[PATH_MAX / 2]; /* from the root down; ".." pops */
	size_t depth;
	int links;
	char left[PATH_MAX]; /* what is still to be resolved */
};

struct component {
	char name[NAME_MAX + 2];
	bool last, slash; /* nothing follows; a slash follows */
};

static void pop_to(struct walk *walk, size_t depth)
{
	while (walk->depth > depth)
		fd_close(walk->dirs[--walk->depth]);
}

static int here(const struct walk *walk)
{
	return walk->dirs[walk->depth - 1];
}

/* Take the next component off what is left. */
static int take_component(struct walk *walk, struct component *ret)
{
	char *at = walk->left + strspn(walk->left, "/");
	size_t len = strcspn(at, "/");
	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	str_copy(ret->name, len + 1, at);
	ret->slash = at[len] == '/';
	ret->last = at[len + strspn(at + len, "/")] == '\0';
	memmove(walk->left, at + len, ret->last ? 1 : strlen(at + len) + 1);
	if (ret->last)
		walk->left[0] = '\0';
	return 0;
}

/* procfs' own links are relative; one with an absolute path or a colon in it ("net:[1]") is a file in disguise. */
static bool is_magic(int link, const char *target)
{
	struct statfs fs;
	return (target[0] == '/' || strchr(target, ':')) && fstatfs(link, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/* Put the target of @link in front of what is left. */
static int follow_link(struct walk *walk, const struct component *component, int link)
{
	char target[PATH_MAX], joined[PATH_MAX];
	if (!walk->how->follow)
		return -ELOOP;
	ssize_t len = readlinkat(link, "", target, sizeof target - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	if (++walk->links > MAX_LINKS || is_magic(link, target))
		return -ELOOP;
	int n = snprintf(joined, sizeof joined, "%s%s%s", target, component->last && component->slash ? "/" : "",
			 walk->left);
	if (n < 0 || (size_t)n >= sizeof joined)
		return -ENAMETOOLONG;
	str_copy(walk->left, sizeof walk->left, joined);
	if (target[0] == '/')
		pop_to(walk, 1);
	return 0;
}

static int go_up(struct walk *walk)
{
	if (walk->depth == 1 && !walk->how->follow)
		return -EXDEV;
	pop_to(walk, MAX(walk->depth - 1, (size_t)1));
	return 0;
}

/* What is there, link or not: an O_PATH fd, or -errno. Who is faster than we in making it is as welcome. */
static int look(struct walk *walk, const struct component *component)
{
	int fd = openat(here(walk), component->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	bool to_create = component->last && (walk->how->flags & O_CREAT);
	if (fd >= 0 || errno != ENOENT || !walk->how->make_dirs || to_create)
		return fd < 0 ? -errno : fd;
	if (mkdirat(here(walk), component->name, walk->how->dir_mode) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(here(walk), component->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_last(struct walk *walk, const char *name, int *ret)
{
	int fd = openat(here(walk), name, walk->how->flags | O_CLOEXEC | O_NOFOLLOW, walk->how->mode);
	if (fd < 0)
		return -errno;
	*ret = fd;
	return 1;
}

/* Whether a link at the end is not to be followed. */
static bool ends_at_link(int flags)
{
	return (flags & O_NOFOLLOW) || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
}

/* Go on by one component. Returns 1 at the end, with the fd in *ret. */
static int step(struct walk *walk, const struct component *component, int *ret)
{
	int flags = walk->how->flags;
	bool at_end = component->last && !component->slash;
	if (streq(component->name, "."))
		return 0;
	if (streq(component->name, ".."))
		return go_up(walk);
	_cleanup_close_ int fd = look(walk, component);
	if (fd == -ENOENT && component->last && (flags & O_CREAT))
		return at_end ? open_last(walk, component->name, ret) : -EISDIR;
	if (fd < 0)
		return fd;
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode) && !(at_end && ends_at_link(flags)))
		return follow_link(walk, component, fd);
	if (!S_ISDIR(st.st_mode))
		return at_end ? open_last(walk, component->name, ret) : -ENOTDIR;
	if (component->last && (flags & O_CREAT))
		return flags & O_EXCL ? -EEXIST : -EISDIR;
	if (walk->depth == ARRAY_SIZE(walk->dirs))
		return -ENAMETOOLONG;
	walk->dirs[walk->depth++] = TAKE_FD(fd);
	return 0;
}

static int run(struct walk *walk)
{
	int fd = -1, r = 0;
	while (r == 0) {
		struct component component;
		r = take_component(walk, &component);
		if (r == 0)
			r = component.name[0] == '\0' ? open_last(walk, ".", &fd) : step(walk, &component, &fd);
	}
	return r < 0 ? r : fd;
}

int path_walk(int root, const char *path, const struct path_walk *how)
{
	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (!how->follow && (path[0] == '/' || path[0] == '\0'))
		return path[0] ? -EXDEV : -ENOENT;
	struct walk *walk = NEW(struct walk);
	walk->how = how;
	walk->dirs[walk->depth++] = openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	str_copy(walk->left, sizeof walk->left, path);
	int r = here(walk) < 0 ? -errno : run(walk);
	pop_to(walk, 0);
	free(walk);
	return r;
}
