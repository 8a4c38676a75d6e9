/* SPDX-License-Identifier: Apache-2.0 */
#include "image/unpack-tree.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "image/unpack-attributes.h"
#include "image/unpack-directories.h"
#include "image/unpack-limits.h"
#include "image/unpack-links.h"
#include "storage/overlay-marks.h"

enum { DIRECTORY_MODE = 0700 /* while the layer is unpacked (T5) */ };

/* A new directory may have got these from the default ACL of the one above it (T5). That it has none is no error. */
static void remove_inherited_acls(int fd)
{
	static const char *const names[] = { "system.posix_acl_default", "system.posix_acl_access" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (fremovexattr(fd, names[i]) < 0 && errno != ENODATA && errno != ENOTSUP)
			log_debug("unpack: cannot remove %s: errno %d", names[i], errno);
}

int tree_init(struct tree *tree, int root, uint64_t made_max, struct error *err)
{
	*tree = (struct tree){
		.root = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.made_max = made_max,
		.our_uid = geteuid(),
		.our_gid = getegid(),
		.parent = -1,
	};
	if (tree->root < 0)
		return err_sys(err, errno, "open the layer's directory");
	remove_inherited_acls(tree->root);
	struct stat st;
	if (fchmod(tree->root, DIRECTORY_MODE) < 0 || fstat(tree->root, &st) < 0)
		return err_sys(err, errno, "prepare the layer's directory");
	/* On file systems mounted with grpid, the group is inherited from the directory instead. */
	tree->owner_is_ours = st.st_gid == tree->our_gid;
	return directories_add_implicit(tree, "", true, err);
}

void tree_done(struct tree *tree)
{
	directories_free(tree);
	free(tree->parent_path);
	fd_close(tree->parent);
	fd_close(tree->root);
	*tree = (struct tree){ .root = -1, .parent = -1 };
}

/* --- Parents --- */

static void forget_parent(struct tree *tree)
{
	fd_close(TAKE_FD(tree->parent));
	free(TAKE_PTR(tree->parent_path));
}

static int count_made(struct tree *tree, const struct entry *entry, struct error *err)
{
	if (tree->made >= tree->made_max) {
		err_set(err, ERR_IMG_LAYER, "layer has more than %" PRIu64 " entries, which is the limit (at '%s')",
			tree->made_max, entry->raw);
		return err_hint(err, "export " UNPACK_ENTRIES_VARIABLE "=%" PRIu64, 2 * tree->made_max);
	}
	tree->made++;
	return 0;
}

/* Overlayfs hides what the layers below have in the directory @fd. */
static int make_opaque(int fd, const struct entry *entry, struct error *err)
{
	int r = overlay_set_mark(fd, OVERLAY_OPAQUE);
	if (r == 0)
		return 0;
	r = entry_error(entry, -r, "mark as opaque the directory of", err);
	if (err && (err->sys_errno == ENOTSUP || err->sys_errno == EPERM))
		err_cause(err, "the file system, or its mount, refuses the extended attribute trusted.overlay.opaque");
	return r;
}

static int make_opaque_at(int dir, const char *name, const struct entry *entry, struct error *err)
{
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? entry_error(entry, errno, "open the directory of", err) : make_opaque(fd, entry, err);
}

/* Make a parent that the archive has no entry for (or not yet), as root's and 0755. @path is all of it so far. */
static int make_parent(struct tree *tree, int dir, const char *name, const char *path, bool opaque,
		       const struct entry *entry, struct error *err)
{
	int r = count_made(tree, entry, err);
	if (r < 0)
		return r;
	if (mkdirat(dir, name, DIRECTORY_MODE) < 0)
		return entry_error(entry, errno, "make the directory of", err);
	r = directories_add_implicit(tree, path, opaque, err);
	return r == 0 && opaque ? make_opaque_at(dir, name, entry, err) : r;
}

/* There is something in the place of a parent, but no directory. A whiteout gives way (T4), the rest is refused. */
static int replace_by_parent(struct tree *tree, int dir, const char *name, const char *path, const struct entry *entry,
			     struct error *err)
{
	struct stat st;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return entry_error(entry, errno, "examine the directory of", err);
	if (!overlay_is_whiteout(&st))
		return err_set(err, ERR_IMG_LAYER, "entry '%s' goes through '%s', which is not a directory", entry->raw,
			       path);
	if (unlinkat(dir, name, 0) < 0)
		return entry_error(entry, errno, "replace the whiteout in the path of", err);
	return make_parent(tree, dir, name, path, true, entry, err);
}

/* Open the directory @name of @dir, making it if need be. */
static int enter(struct tree *tree, int dir, const char *name, const char *path, const struct entry *entry,
		 struct error *err)
{
	const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir, name, flags);
	if (fd >= 0)
		return fd;
	int r;
	if (errno == ENOENT)
		r = make_parent(tree, dir, name, path, false, entry, err);
	else if (errno == ENOTDIR || errno == ELOOP)
		r = replace_by_parent(tree, dir, name, path, entry, err);
	else
		r = entry_error(entry, errno, "open the directory of", err);
	if (r < 0)
		return r;
	fd = openat(dir, name, flags);
	return fd < 0 ? entry_error(entry, errno, "open the directory of", err) : fd;
}

static int make_parents(struct tree *tree, const char *path, const struct entry *entry, int *ret, struct error *err)
{
	_cleanup_free_ char *prefix = mem_strdup(path);
	_cleanup_close_ int at = -1;
	for (char *name = prefix; name;) {
		char *slash = strchr(name, '/');
		if (slash)
			*slash = '\0';
		int next = enter(tree, at < 0 ? tree->root : at, name, prefix, entry, err);
		if (next < 0)
			return next;
		if (slash)
			*slash = '/';
		fd_close(at);
		at = next;
		name = slash ? slash + 1 : NULL;
	}
	*ret = TAKE_FD(at);
	return 0;
}

/*
 * The directory @path of the layer, made where it is missing (T1, T2). It stays open until another one is asked for:
 * archives list directories one after the other.
 */
static int open_parent(struct tree *tree, const char *path, const struct entry *entry, struct error *err)
{
	if (!*path)
		return tree->root;
	if (tree->parent >= 0 && streq(tree->parent_path, path))
		return tree->parent;
	int fd = path_open_beneath(tree->root, path, O_PATH | O_DIRECTORY, 0);
	if (fd == -ENOENT || fd == -ENOTDIR) {
		int r = make_parents(tree, path, entry, &fd, err);
		if (r < 0)
			return r;
	}
	if (fd < 0)
		return entry_error(entry, -fd, "open the directory of", err);
	forget_parent(tree);
	tree->parent = fd;
	tree->parent_path = mem_strdup(path);
	return fd;
}

/* --- Links in paths (T2) --- */

static int links_error(const struct entry *entry, int sys_errno, const char *verb, struct error *err)
{
	if (sys_errno == ELOOP)
		return err_set(err, ERR_IMG_LAYER, "entry '%s' goes through more than %d links", entry->raw, LINKS_MAX);
	if (sys_errno == EPERM)
		return err_set(err, ERR_IMG_LAYER, "entry '%s' goes through a link to the name of a whiteout",
			       entry->raw);
	return entry_error(entry, sys_errno, verb, err);
}

/* 1, and the path without links in *ret, if there is a link in the directory @path; else 0. */
static int find_links(struct tree *tree, const char *path, const struct entry *entry, char **ret, struct error *err)
{
	if (!*path || (tree->parent >= 0 && streq(tree->parent_path, path)))
		return 0;
	_cleanup_close_ int fd = path_open_beneath(tree->root, path, O_PATH | O_DIRECTORY, 0);
	if (fd != -ELOOP)
		return 0; /* what else is wrong with it, whoever opens it will say */
	int r = links_resolve(tree->root, path, ret);
	return r < 0 ? links_error(entry, -r, "find the directory of", err) : 1;
}

/* --- What is in the way --- */

/* Remove what an earlier entry has put where @entry goes (T4). */
static int clear_place(struct tree *tree, int dir, const struct entry *entry, struct error *err)
{
	const char *name = entry->name.base;
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return entry_error(entry, errno, "replace", err);
	int r = path_remove_tree(dir, name);
	/* The directory that is kept open may have been in it. */
	forget_parent(tree);
	return r < 0 ? entry_error(entry, -r, "replace", err) : 0;
}

/* The target of a hard link. */
struct target {
	int dir;
	const char *name;
};

/* Every kind of thing but directories is made by such a function. It returns -EEXIST if its place is taken. */
typedef int make_fn(int dir, const struct entry *entry, const struct target *target);

/* Returns what @make did; *ret_dir is the directory, open until the next entry. */
static int make_in_place(struct tree *tree, make_fn *make, const struct entry *entry, const struct target *target,
			 int *ret_dir, struct error *err)
{
	int made = -EEXIST;
	for (int attempt = 0; made == -EEXIST && attempt < 2; attempt++) {
		int dir = open_parent(tree, entry->name.dir, entry, err);
		int r = dir >= 0 && attempt > 0 ? clear_place(tree, dir, entry, err) : dir;
		/* What was cleared may have closed the directory. */
		dir = r < 0 ? r : open_parent(tree, entry->name.dir, entry, err);
		if (dir < 0)
			return dir;
		made = make(dir, entry, target);
		*ret_dir = dir;
	}
	return made < 0 ? entry_error(entry, -made, "make", err) : made;
}

/* --- Kinds of things --- */

static int make_file(int dir, const struct entry *entry, const struct target *target)
{
	int fd = openat(dir, entry->name.base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

static int make_link(int dir, const struct entry *entry, const struct target *target)
{
	return symlinkat(entry->target, dir, entry->name.base) < 0 ? -errno : 0;
}

static int make_device(int dir, const struct entry *entry, const struct target *target)
{
	return mknodat(dir, entry->name.base, (entry->mode & S_IFMT) | 0600, entry->device) < 0 ? -errno : 0;
}

static int make_hard_link(int dir, const struct entry *entry, const struct target *target)
{
	return linkat(target->dir, target->name, dir, entry->name.base, 0) < 0 ? -errno : 0;
}

static int add_file(struct tree *tree, const struct entry *entry, int *ret_fd, struct error *err)
{
	int dir;
	int fd = make_in_place(tree, make_file, entry, NULL, &dir, err);
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

static int add_node(struct tree *tree, const struct entry *entry, struct error *err)
{
	int dir;
	int r = make_in_place(tree, S_ISLNK(entry->mode) ? make_link : make_device, entry, NULL, &dir, err);
	return r < 0 ? r : attributes_set_node(dir, entry->name.base, entry, err);
}

/* Nobody in a user namespace makes devices, and no mount there lets them work: a container has those of its /dev. */
static int add_device(struct tree *tree, const struct entry *entry, struct error *err)
{
	struct error failure = { 0 };
	if (S_ISCHR(entry->mode) && entry->device == makedev(0, 0)) /* T3 */
		return err_set(err, ERR_IMG_LAYER, "entry '%s' is the character device 0:0, which would be a whiteout",
			       entry->raw);
	int r = add_node(tree, entry, &failure);
	if (r < 0 && failure.sys_errno == EPERM) {
		log_debug("unpack: the device '%s' is left out: we may not make it", entry->raw);
		return 0;
	}
	if (r < 0 && err)
		*err = failure;
	return r;
}

/*
 * Mark the directory @fd as opaque if it has replaced something (T4), set what can be set now, note the rest. The
 * attributes of a directory that was there before are replaced, not merged (layer.md, "Changeset over existing files").
 */
static int dress_directory(int fd, bool kept, bool opaque, const struct entry *entry, struct error *err)
{
	int r = kept ? attributes_clear_xattrs(fd, entry, err) : 0;
	if (r == 0 && opaque)
		r = make_opaque(fd, entry, err);
	return r < 0 ? r : attributes_set_xattrs(fd, entry, err);
}

static int add_directory(struct tree *tree, const struct entry *entry, struct error *err)
{
	const char *name = entry->name.base;
	int dir = open_parent(tree, entry->name.dir, entry, err);
	if (dir < 0)
		return dir;
	bool taken = mkdirat(dir, name, DIRECTORY_MODE) < 0;
	if (taken && errno != EEXIST)
		return entry_error(entry, errno, "make", err);
	bool replaced = taken && unlinkat(dir, name, 0) == 0; /* fails for directories, which stay */
	if (replaced && mkdirat(dir, name, DIRECTORY_MODE) < 0)
		return entry_error(entry, errno, "make", err);
	if (taken || entry->n_xattrs > 0) {
		_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return entry_error(entry, errno, "open", err);
		int r = dress_directory(fd, taken && !replaced, replaced, entry, err);
		if (r < 0)
			return r;
	}
	return directories_add(tree, entry, err);
}

static int add_root(struct tree *tree, const struct entry *entry, struct error *err)
{
	if (entry->hard_link || !S_ISDIR(entry->mode))
		return err_set(err, ERR_IMG_LAYER, "entry '%s' is the layer's root, but not a directory", entry->raw);
	int r = dress_directory(tree->root, true, false, entry, err);
	return r < 0 ? r : directories_add(tree, entry, err);
}

static int no_target(const struct entry *entry, struct error *err)
{
	err_set(err, ERR_IMG_LAYER, "entry '%s' is a hard link to '%s', which is not in this layer", entry->raw,
		entry->target);
	return err_cause(err, "each layer is a directory of its own, and cannot share files with the layers below it");
}

/* The directory of a hard link's target, which has to be there already. The caller closes it. */
static int open_target_dir(struct tree *tree, const struct entry *entry, int *ret, struct error *err)
{
	size_t len = (size_t)(path_base(entry->target) - entry->target);
	_cleanup_free_ char *written = mem_strndup(entry->target, len > 0 ? len - 1 : 0), *resolved = NULL;
	int r = find_links(tree, written, entry, &resolved, err);
	if (r < 0)
		return r;
	const char *path = r > 0 ? resolved : written;
	int fd = path_open_beneath(tree->root, *path ? path : ".", O_PATH | O_DIRECTORY, 0);
	if (fd == -ENOENT || fd == -ENOTDIR)
		return no_target(entry, err);
	if (fd < 0)
		return entry_error(entry, -fd, "open the target of", err);
	*ret = fd;
	return 0;
}

static int check_target(const struct target *target, const struct entry *entry, struct stat *ret, struct error *err)
{
	if (!*target->name || fstatat(target->dir, target->name, ret, AT_SYMLINK_NOFOLLOW) < 0 ||
	    overlay_is_whiteout(ret))
		return no_target(entry, err);
	if (S_ISDIR(ret->st_mode))
		return err_set(err, ERR_IMG_LAYER, "entry '%s' is a hard link to the directory '%s'", entry->raw,
			       entry->target);
	return 0;
}

/* Removing what is in the place of a link to itself would remove its target. */
static bool is_linked_already(int dir, const struct entry *entry, const struct stat *target)
{
	struct stat st;
	return fstatat(dir, entry->name.base, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == target->st_ino;
}

/*
 * The attributes are the target's. What the archive says of them again is not applied: a change of owner would cost the
 * file its capabilities.
 */
static int add_hard_link(struct tree *tree, const struct entry *entry, struct error *err)
{
	_cleanup_close_ int target_dir = -1;
	int r = open_target_dir(tree, entry, &target_dir, err);
	if (r < 0)
		return r;
	const struct target target = { .dir = target_dir, .name = path_base(entry->target) };
	struct stat st = { 0 };
	r = check_target(&target, entry, &st, err);
	if (r < 0)
		return r;
	int dir = open_parent(tree, entry->name.dir, entry, err);
	if (dir < 0)
		return dir;
	return is_linked_already(dir, entry, &st) ? 0 : make_in_place(tree, make_hard_link, entry, &target, &dir, err);
}

/* Making device 0/0 is allowed to everybody since Linux 5.8. */
static int add_whiteout(struct tree *tree, const struct entry *entry, struct error *err)
{
	int dir = open_parent(tree, entry->name.dir, entry, err);
	if (dir < 0)
		return dir;
	if (mknodat(dir, entry->name.base, S_IFCHR, makedev(0, 0)) == 0)
		return 0;
	if (errno != EEXIST)
		return entry_error(entry, errno, "make the whiteout", err);
	struct stat st;
	if (fstatat(dir, entry->name.base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return entry_error(entry, errno, "examine", err);
	/* All but a directory hides what is below it already (T4). */
	return S_ISDIR(st.st_mode) ? make_opaque_at(dir, entry->name.base, entry, err) : 0;
}

static int add_opaque(struct tree *tree, const struct entry *entry, struct error *err)
{
	int dir = open_parent(tree, entry->name.dir, entry, err);
	return dir < 0 ? dir : make_opaque_at(dir, ".", entry, err);
}

static int add_plain(struct tree *tree, const struct entry *entry, int *ret_fd, struct error *err)
{
	if (entry->hard_link)
		return add_hard_link(tree, entry, err);
	switch (entry->mode & S_IFMT) {
	case S_IFREG:
		return add_file(tree, entry, ret_fd, err);
	case S_IFDIR:
		return add_directory(tree, entry, err);
	case S_IFLNK:
	case S_IFIFO:
		return add_node(tree, entry, err);
	case S_IFCHR:
	case S_IFBLK:
		return add_device(tree, entry, err);
	default: /* sockets: whoever listened on one is gone */
		log_debug("unpack: '%s' is left out: it is of no type that a layer can have", entry->raw);
		return 0;
	}
}

/* What is in its directory's path is a directory, or nothing yet. */
static int add_by_kind(struct tree *tree, const struct entry *entry, int *ret_fd, struct error *err)
{
	switch (entry->name.kind) {
	case NAME_ROOT:
		return add_root(tree, entry, err);
	case NAME_PLAIN:
		return add_plain(tree, entry, ret_fd, err);
	case NAME_WHITEOUT:
		return add_whiteout(tree, entry, err);
	case NAME_OPAQUE:
		return add_opaque(tree, entry, err);
	case NAME_IGNORED:
		log_debug("unpack: '%s' is left out: a record of AUFS", entry->raw);
	}
	return 0;
}

int tree_add(struct tree *tree, const struct entry *entry, int *ret_fd, struct error *err)
{
	_cleanup_free_ char *dir = NULL;
	*ret_fd = -1;
	int r = count_made(tree, entry, err);
	if (r >= 0 && entry->name.kind != NAME_IGNORED)
		r = find_links(tree, entry->name.dir, entry, &dir, err);
	if (r <= 0)
		return r < 0 ? r : add_by_kind(tree, entry, ret_fd, err);
	struct entry resolved = *entry; /* its other texts stay the caller's */
	resolved.name.dir = dir;
	return add_by_kind(tree, &resolved, ret_fd, err);
}

int tree_close_file(struct tree *tree, int fd, const struct entry *entry, struct error *err)
{
	bool owned = tree->owner_is_ours && entry->uid == tree->our_uid && entry->gid == tree->our_gid;
	return attributes_set_file(fd, entry, !owned, err);
}
