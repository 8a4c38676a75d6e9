/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/vfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd-copy.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "storage/overlay-marks.h"
#include "storage/vfs-file.h"

enum { DIRECTORY_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

/* A file of this layer with several names, and one of those that it has in the copy. */
struct linked {
	ino_t inode;
	char *path;
};

/* One layer on its way into the copy. */
struct fill {
	int layer, into;
	struct id_shift shift;
	char **directories; /* paths, in the order in which they were met: parents come first */
	size_t n_directories;
	void *linked; /* a tree of struct linked, tsearch(3) */
};

/* A directory of it, in both trees. */
struct place {
	int from, to;
	const char *path; /* "" is the layer's own */
};

static void free_linked(void *data)
{
	struct linked *linked = data;
	free(linked->path);
	free(linked);
}

static void fill_done(struct fill *fill)
{
	for (size_t i = 0; i < fill->n_directories; i++)
		free(fill->directories[i]);
	free(fill->directories);
	tdestroy(fill->linked, free_linked);
	fd_close(fill->layer);
}
#define _cleanup_fill_ _cleanup_(fill_done)

/* --- files --- */

static int compare_inodes(const void *a, const void *b)
{
	const struct linked *left = a, *right = b;
	return (left->inode > right->inode) - (left->inode < right->inode);
}

static const struct linked *find_linked(const struct fill *fill, const struct stat *st)
{
	const struct linked key = { .inode = st->st_ino };
	void *const *found = st->st_nlink > 1 ? tfind(&key, &fill->linked, compare_inodes) : NULL;
	return found ? *found : NULL;
}

static void remember_linked(struct fill *fill, const struct stat *st, const char *path)
{
	if (st->st_nlink < 2)
		return;
	struct linked *linked = NEW(struct linked);
	*linked = (struct linked){ st->st_ino, mem_strdup(path) };
	if (!tsearch(linked, &fill->linked, compare_inodes))
		abort(); /* no memory: see base/mem.h */
}

static int link_again(const struct fill *fill, const struct linked *linked, const struct place *place, const char *name)
{
	_cleanup_close_ int file = path_open_beneath(fill->into, linked->path, O_PATH | O_NOFOLLOW, 0);
	if (file < 0)
		return file;
	return linkat(AT_FDCWD, fd_path(file).text, place->to, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

static int copy_file(struct fill *fill, const struct place *place, const char *name, const struct stat *st)
{
	_cleanup_close_ int from = openat(place->from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (from < 0)
		return -errno;
	_cleanup_close_ int to = openat(place->to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	int r = fd_copy_content(from, to, st->st_size);
	return r < 0 ? r : vfs_copy_metadata(from, to, st, &fill->shift);
}

static int make_node(const struct place *place, const char *name, const struct stat *st)
{
	char target[PATH_MAX];
	if (!S_ISLNK(st->st_mode))
		return mknodat(place->to, name, (st->st_mode & S_IFMT) | 0600, st->st_rdev) < 0 ? -errno : 0;
	ssize_t len = readlinkat(place->from, name, target, sizeof target - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	return symlinkat(target, place->to, name) < 0 ? -errno : 0;
}

static int copy_node(struct fill *fill, const struct place *place, const char *name, const struct stat *st)
{
	int r = make_node(place, name, st);
	if (r < 0)
		return r;
	_cleanup_close_ int from = openat(place->from, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_close_ int to = openat(place->to, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return from < 0 || to < 0 ? -errno : vfs_copy_metadata(from, to, st, &fill->shift);
}

/* --- directories --- */

/* Its attributes come when all is in it; what the layers below have in it stays, unless it is opaque. */
static int enter_directory(struct fill *fill, const struct place *place, const char *name, const char *path)
{
	_cleanup_close_ int from = openat(place->from, name, DIRECTORY_FLAGS);
	struct stat st;
	if (from < 0)
		return -errno;
	bool there = fstatat(place->to, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	int r = there && (!S_ISDIR(st.st_mode) || overlay_is_marked(from, OVERLAY_OPAQUE))
			? path_remove_tree(place->to, name)
			: 0;
	if (r < 0)
		return r;
	if (mkdirat(place->to, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	*ARRAY_APPEND(fill->directories, fill->n_directories) = mem_strdup(path);
	return 0;
}

static int copy_entry(struct fill *fill, const struct place *place, const char *name)
{
	_cleanup_free_ char *path = *place->path ? path_join(place->path, name) : mem_strdup(name);
	struct stat st;
	if (fstatat(place->from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return enter_directory(fill, place, name, path);
	int r = path_remove_tree(place->to, name);
	if (r < 0 || overlay_is_whiteout(&st))
		return r;
	const struct linked *linked = find_linked(fill, &st);
	if (linked)
		return link_again(fill, linked, place, name);
	if ((r = id_shift_owner(&fill->shift, &st)) < 0)
		return r;
	r = S_ISREG(st.st_mode) ? copy_file(fill, place, name, &st) : copy_node(fill, place, name, &st);
	if (r >= 0)
		remember_linked(fill, &st, path);
	return r;
}

/* What is made in a directory must not inherit the access list that a layer below has given it. */
static void forget_default_acl(int dir)
{
	(void)fremovexattr(dir, "system.posix_acl_default");
}

static int open_place(const struct fill *fill, const char *path, struct place *ret)
{
	const char *at = *path ? path : ".";
	ret->path = path;
	ret->from = path_open_beneath(fill->layer, at, O_RDONLY | O_DIRECTORY, 0);
	ret->to = ret->from < 0 ? -1 : path_open_beneath(fill->into, at, O_RDONLY | O_DIRECTORY, 0);
	return ret->from < 0 ? ret->from : ret->to < 0 ? ret->to : 0;
}

static void place_done(struct place *place)
{
	fd_close(place->from);
	fd_close(place->to);
}
#define _cleanup_place_ _cleanup_(place_done)

static int failed(const struct fill *fill, int r, const char *dir, const char *name, struct error *err)
{
	const char *slash = *dir ? "/" : "";
	if (r != -EOVERFLOW || !fill->shift.maps)
		return err_sys(err, -r, "copy '%s%s%s' of a layer", dir, slash, name);
	return err_set(err, ERR_IDMAP,
		       "'%s%s%s' of the image belongs to id %u, which the container's user namespace does not have",
		       dir, slash, name, fill->shift.stranger);
}

static int copy_children(struct fill *fill, const char *path, struct error *err)
{
	_cleanup_place_ struct place place = { -1, -1, path };
	int r = open_place(fill, path, &place);
	if (r < 0)
		return failed(fill, r, path, "", err);
	_cleanup_close_ int copy = openat(place.from, ".", DIRECTORY_FLAGS);
	_cleanup_closedir_ DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	if (!dir)
		return failed(fill, -errno, path, "", err);
	TAKE_FD(copy);
	forget_default_acl(place.to);
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
			continue;
		r = copy_entry(fill, &place, entry->d_name);
		if (r < 0)
			return failed(fill, r, path, entry->d_name, err);
	}
	return 0;
}

static int dress(struct fill *fill, const char *path, struct error *err)
{
	_cleanup_place_ struct place place = { -1, -1, path };
	struct stat st;
	int r = open_place(fill, path, &place);
	if (r == 0)
		r = fstat(place.from, &st) < 0 ? -errno : id_shift_owner(&fill->shift, &st);
	if (r == 0)
		r = vfs_copy_metadata(place.from, place.to, &st, &fill->shift);
	return r < 0 ? failed(fill, r, path, "", err) : 0;
}

/* --- layers --- */

static int empty(int dir)
{
	_cleanup_close_ int copy = openat(dir, ".", DIRECTORY_FLAGS);
	_cleanup_closedir_ DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	if (!stream)
		return -errno;
	TAKE_FD(copy);
	int r = 0;
	for (struct dirent *entry; r == 0 && (entry = readdir(stream));)
		if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
			r = path_remove_tree(dir, entry->d_name);
	return r;
}

static int fill_layer(int into, const char *layer, const struct id_maps *maps, struct error *err)
{
	_cleanup_fill_ struct fill fill = { .into = into, .shift = { .maps = maps } };
	fill.layer = open(layer, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fill.layer < 0)
		return err_sys(err, errno, "open layer '%s'", layer);
	int r = overlay_is_marked(fill.layer, OVERLAY_OPAQUE) ? empty(into) : 0;
	if (r < 0)
		return err_sys(err, -r, "replace the layers below '%s'", layer);
	*ARRAY_APPEND(fill.directories, fill.n_directories) = mem_strdup("");
	for (size_t i = 0; r >= 0 && i < fill.n_directories; i++)
		r = copy_children(&fill, fill.directories[i], err);
	for (size_t i = fill.n_directories; r >= 0 && i > 0; i--)
		r = dress(&fill, fill.directories[i - 1], err);
	return r;
}

int vfs_fill(int into, char *const *layers, const struct id_maps *maps, struct error *err)
{
	int r = 0;
	for (size_t i = strv_count(layers); r >= 0 && i > 0; i--)
		r = fill_layer(into, layers[i - 1], maps, err);
	return r;
}
