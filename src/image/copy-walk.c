/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/util.h"
#include "image/copy.h"
#include "image/unpack-attributes.h"
#include "storage/overlay-marks.h"

enum {
	READ_SIZE = 256 * 1024,
	XATTR_NAMES_MAX = 64 * 1024, /* the kernel's own ceilings; source: linux/limits.h */
	XATTR_VALUE_MAX = 64 * 1024,
};

/* A file with several names, and the first of them. */
struct link {
	dev_t device;
	ino_t inode;
	char *name; /* NULL: a free place in the table */
};

struct links {
	struct link *table; /* open addressing */
	size_t size, count;
};

struct walk {
	const struct copy_sink *sink;
	enum copy_form form;
	struct links links;
	char *buf; /* of READ_SIZE */
};

/* --- files with several names --- */

/* The place of this file in the table; its name is NULL if it is not there yet. */
static struct link *find_link(const struct links *links, dev_t device, ino_t inode)
{
	size_t at = (size_t)((inode ^ device << 32) * UINT64_C(0x9e3779b97f4a7c15)) & (links->size - 1);
	while (links->table[at].name && (links->table[at].inode != inode || links->table[at].device != device))
		at = (at + 1) & (links->size - 1);
	return &links->table[at];
}

static void grow_links(struct links *links)
{
	enum { FIRST_SIZE = 64 };
	struct links larger = { .size = links->size ? links->size * 2 : FIRST_SIZE, .count = links->count };
	larger.table = mem_alloc(larger.size * sizeof *larger.table);
	for (size_t i = 0; i < links->size; i++)
		if (links->table[i].name)
			*find_link(&larger, links->table[i].device, links->table[i].inode) = links->table[i];
	free(links->table);
	*links = larger;
}

static void links_done(struct links *links)
{
	for (size_t i = 0; i < links->size; i++)
		free(links->table[i].name);
	free(links->table);
}

/* The name that this file has had before; or NULL, and @name is its first. */
static const char *earlier_name(struct links *links, const struct stat *st, const char *name)
{
	if (st->st_nlink < 2 || S_ISDIR(st->st_mode))
		return NULL;
	if (2 * links->count >= links->size)
		grow_links(links);
	struct link *link = find_link(links, st->st_dev, st->st_ino);
	if (link->name)
		return link->name;
	*link = (struct link){ .device = st->st_dev, .inode = st->st_ino, .name = mem_strdup(name) };
	links->count++;
	return NULL;
}

/* --- one entry --- */

/* An entry, and what it points to. */
struct held {
	struct entry entry;
	char *xattr_names;
	void **xattr_values;
	size_t n_values;
};

static void held_done(struct held *held)
{
	for (size_t i = 0; i < held->n_values; i++)
		free(held->xattr_values[i]);
	free(held->xattr_values);
	free(held->xattr_names);
	free(held->entry.xattrs);
	free(held->entry.target);
}
#define _cleanup_held_ _cleanup_(held_done)

/* One that has just gone is left out. */
static int read_xattr(struct held *held, const char *path, const char *name)
{
	_cleanup_free_ void *value = mem_alloc(XATTR_VALUE_MAX);
	ssize_t len = getxattr(path, name, value, XATTR_VALUE_MAX);
	if (len < 0)
		return errno == ENODATA ? 0 : -errno;
	void *copy = mem_dup(value, (size_t)len);
	*ARRAY_APPEND(held->xattr_values, held->n_values) = copy;
	*ARRAY_APPEND(held->entry.xattrs, held->entry.n_xattrs) =
		(struct entry_xattr){ .name = name, .value = copy, .len = (size_t)len };
	return 0;
}

/* A file system without them has none. */
static int read_xattrs(struct held *held, int fd)
{
	struct fd_path path = fd_path(fd);
	held->xattr_names = mem_alloc(XATTR_NAMES_MAX);
	ssize_t len = listxattr(path.text, held->xattr_names, XATTR_NAMES_MAX);
	if (len < 0)
		return errno == ENOTSUP ? 0 : -errno;
	int r = 0;
	for (char *name = held->xattr_names; r == 0 && name < held->xattr_names + len; name += strlen(name) + 1)
		if (attributes_keep_xattr(name))
			r = read_xattr(held, path.text, name);
	return r;
}

static int read_target(struct held *held, int fd)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(fd, "", target, sizeof target);
	if (len < 0)
		return -errno;
	held->entry.target = mem_strndup(target, (size_t)len);
	return 0;
}

static int read_entry(struct walk *walk, int fd, const char *path, const struct stat *st, struct held *held)
{
	const char *earlier = earlier_name(&walk->links, st, path);
	held->entry = (struct entry){
		.raw = path,
		.mode = st->st_mode,
		.hard_link = earlier,
		.target = mem_strdup(earlier),
		.uid = st->st_uid,
		.gid = st->st_gid,
		.mtime = st->st_mtim,
		.device = S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode) ? st->st_rdev : 0,
		.size = S_ISREG(st->st_mode) && !earlier ? (uint64_t)st->st_size : 0,
	};
	if (earlier)
		return 0;
	int r = S_ISLNK(st->st_mode) ? read_target(held, fd) : 0;
	return r < 0 ? r : read_xattrs(held, fd);
}

static int read_failed(const char *path, int sys_errno, struct error *err)
{
	return err_sys(err, sys_errno, "read '%s'", path);
}

/* As many bytes as were announced, whatever has become of the file since. */
static int send_data(struct walk *walk, int fd, const struct entry *entry, struct error *err)
{
	bool ended = false;
	int r = 0;
	for (uint64_t left = entry->size; r >= 0 && left > 0;) {
		size_t want = (size_t)MIN(left, (uint64_t)READ_SIZE);
		ssize_t n = ended ? 0 : RETRY_ON_EINTR(read(fd, walk->buf, want));
		if (n < 0)
			return read_failed(entry->raw, errno, err);
		if (n == 0) {
			ended = true;
			memset(walk->buf, 0, want);
			n = (ssize_t)want;
		}
		left -= (uint64_t)n;
		r = walk->sink->data(walk->sink->context, walk->buf, (size_t)n, err);
	}
	return r;
}

static int send_file(struct walk *walk, int fd, const struct entry *entry, struct error *err)
{
	_cleanup_close_ int file = -1;
	if (entry->size > 0 && (file = fd_reopen(fd, O_RDONLY | O_NONBLOCK | O_NOCTTY)) < 0)
		return read_failed(entry->raw, -file, err);
	int r = walk->sink->entry(walk->sink->context, entry, err);
	return r < 0 ? r : send_data(walk, file, entry, err);
}

static int send_mark(struct walk *walk, const char *dir, const char *prefix, const char *name, struct error *err)
{
	_cleanup_free_ char *path = mem_printf("%s%s%s%s", dir, *dir ? "/" : "", prefix, name);
	return walk->sink->entry(walk->sink->context, &(const struct entry){ .raw = path, .mode = S_IFREG }, err);
}

/* --- directories --- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_names(int fd, char ***ret)
{
	_cleanup_close_ int copy = fd_reopen(fd, O_RDONLY | O_DIRECTORY);
	_cleanup_closedir_ DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	_cleanup_free_ char **names = NULL;
	size_t count = 0;
	if (!stream)
		return copy < 0 ? copy : -errno;
	TAKE_FD(copy);
	for (struct dirent *entry; (entry = readdir(stream));)
		if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
			*ARRAY_APPEND(names, count) = mem_strdup(entry->d_name);
	if (count > 0)
		qsort(names, count, sizeof *names, compare_names);
	*ARRAY_APPEND(names, count) = NULL;
	*ret = TAKE_PTR(names);
	return 0;
}

static int walk_name(struct walk *walk, int dir, const char *name, const char *parent, struct error *err);

static int walk_directory(struct walk *walk, int fd, const char *path, struct error *err)
{
	_cleanup_strv_ char **names = NULL;
	int r = read_names(fd, &names);
	if (r < 0)
		return read_failed(path, -r, err);
	if (walk->form == COPY_LAYER && overlay_is_marked(fd, OVERLAY_OPAQUE))
		r = send_mark(walk, path, ".wh..wh..opq", "", err);
	for (char **name = names; r >= 0 && *name; name++)
		r = walk_name(walk, fd, *name, path, err);
	return r;
}

/* One thing, without what is in it. */
static int send_one(struct walk *walk, int fd, const struct stat *st, const char *path, struct error *err)
{
	_cleanup_held_ struct held held = { 0 };
	if (S_ISSOCK(st->st_mode)) {
		log_debug("'%s' is left out: it is a socket", path);
		return 0;
	}
	int r = read_entry(walk, fd, path, st, &held);
	if (r < 0)
		return read_failed(path, -r, err);
	return S_ISREG(st->st_mode) ? send_file(walk, fd, &held.entry, err)
				    : walk->sink->entry(walk->sink->context, &held.entry, err);
}

/* @path of "" is the top, which has no entry of its own. */
static int walk_fd(struct walk *walk, int fd, const struct stat *st, const char *path, struct error *err)
{
	int r = *path ? send_one(walk, fd, st, path, err) : 0;
	return r < 0 || !S_ISDIR(st->st_mode) ? r : walk_directory(walk, fd, path, err);
}

static int walk_name(struct walk *walk, int dir, const char *name, const char *parent, struct error *err)
{
	_cleanup_free_ char *path = mem_printf("%s%s%s", parent, *parent ? "/" : "", name);
	_cleanup_close_ int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return read_failed(path, errno, err);
	bool gone = walk->form == COPY_LAYER && overlay_is_whiteout(&st);
	return gone ? send_mark(walk, parent, ".wh.", name, err) : walk_fd(walk, fd, &st, path, err);
}

int copy_walk(const struct copy_source *source, const struct copy_sink *sink, struct error *err)
{
	struct stat st;
	if (fstat(source->fd, &st) < 0)
		return read_failed(source->as, errno, err);
	if (!*source->as && !S_ISDIR(st.st_mode))
		return read_failed(source->as, ENOTDIR, err);
	struct walk walk = { .sink = sink, .form = source->form, .buf = mem_alloc(READ_SIZE) };
	int r = walk_fd(&walk, source->fd, &st, source->as, err);
	links_done(&walk.links);
	free(walk.buf);
	return r;
}

/* --- what is listed --- */

static int walk_listed(struct walk *walk, int dir, const struct copy_listed *listed, struct error *err)
{
	const char *name = path_base(listed->path);
	struct stat st;
	if (listed->gone) {
		size_t len = (size_t)(name - listed->path);
		_cleanup_free_ char *parent = mem_strndup(listed->path, len > 0 ? len - 1 : 0);
		return send_mark(walk, parent, ".wh.", name, err);
	}
	_cleanup_close_ int fd = path_open_beneath(dir, listed->path, O_PATH | O_NOFOLLOW, 0);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return read_failed(listed->path, fd < 0 ? -fd : errno, err);
	return send_one(walk, fd, &st, listed->path, err);
}

int copy_walk_list(int dir, const struct copy_listed *list, size_t count, const struct copy_sink *sink,
		   struct error *err)
{
	struct walk walk = { .sink = sink, .form = COPY_LAYER, .buf = mem_alloc(READ_SIZE) };
	int r = 0;
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = walk_listed(&walk, dir, &list[i], err);
	links_done(&walk.links);
	free(walk.buf);
	return r;
}
