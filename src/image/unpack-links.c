/* SPDX-License-Identifier: Apache-2.0 */
#include "image/unpack-links.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"

struct walk {
	int root;
	int dir;       /* open on `at`, or -1: it does not exist, or nobody has opened it yet */
	bool missing;  /* nothing exists from `at` on */
	struct str at; /* so far, without links */
	char *rest;    /* of the path */
	unsigned links;
};

static void walk_done(struct walk *walk)
{
	fd_close(walk->dir);
	str_done(&walk->at);
	free(walk->rest);
}
#define _cleanup_walk_ _cleanup_(walk_done)

static void forget_dir(struct walk *walk)
{
	fd_close(TAKE_FD(walk->dir));
}

static int open_dir(struct walk *walk)
{
	if (walk->dir >= 0)
		return 0;
	const char *path = walk->at.len > 0 ? str_text(&walk->at) : ".";
	walk->dir = path_open_beneath(walk->root, path, O_PATH | O_DIRECTORY, 0);
	return walk->dir < 0 ? walk->dir : 0;
}

static void go_up(struct walk *walk)
{
	const char *text = str_text(&walk->at), *slash = strrchr(text, '/');
	str_truncate(&walk->at, slash ? (size_t)(slash - text) : 0);
	walk->missing = false; /* what is above may exist; it is looked at again */
	forget_dir(walk);
}

static void append(struct walk *walk, const char *name)
{
	if (walk->at.len > 0)
		str_append_char(&walk->at, '/');
	str_append(&walk->at, name);
}

static int follow(struct walk *walk, const char *target)
{
	if (++walk->links > LINKS_MAX)
		return -ELOOP;
	if (*target == '/') {
		str_truncate(&walk->at, 0);
		forget_dir(walk);
	}
	char *rest = walk->rest;
	walk->rest = mem_printf("%s/%s", target, rest);
	free(rest);
	return 0;
}

/* @name is neither "." nor "..". */
static int step(struct walk *walk, const char *name)
{
	char target[PATH_MAX];
	int r = walk->missing ? 0 : open_dir(walk);
	if (r < 0)
		return r;
	int next = walk->missing ? -1 : openat(walk->dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (next < 0 && !walk->missing) {
		if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
			return -errno;
		ssize_t len = readlinkat(walk->dir, name, target, sizeof target - 1);
		if (len >= 0) {
			target[len] = '\0';
			return follow(walk, target);
		}
		walk->missing = true; /* or no directory, which whoever opens it will say */
	}
	if (str_starts_with(name, ".wh."))
		return -EPERM;
	append(walk, name);
	forget_dir(walk);
	walk->dir = next;
	return 0;
}

int links_resolve(int root, const char *path, char **ret)
{
	_cleanup_walk_ struct walk walk = { .root = root, .dir = -1, .rest = mem_strdup(path) };
	while (*walk.rest) {
		size_t len = strcspn(walk.rest, "/");
		_cleanup_free_ char *name = mem_strndup(walk.rest, len);
		const char *next = walk.rest + len;
		next += strspn(next, "/");
		memmove(walk.rest, next, strlen(next) + 1);
		int r = 0;
		if (streq(name, ".."))
			go_up(&walk);
		else if (*name && !streq(name, "."))
			r = step(&walk, name);
		if (r < 0)
			return r;
		if (walk.at.len + strlen(walk.rest) >= 2 * PATH_MAX)
			return -ENAMETOOLONG;
	}
	*ret = str_take(&walk.at);
	return 0;
}
