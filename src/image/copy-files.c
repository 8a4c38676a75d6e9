/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/xattr.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "image/copy.h"
#include "image/tar-write.h"
#include "image/unpack-attributes.h"

enum {
	PARENT_MODE = 0755, /* of directories that an archive takes for granted */
	MAKING_MODE = 0700, /* until all is there */
};

/* An entry, kept for longer than it was shown. */
struct copy_kept {
	struct entry entry;
	char *name;
	dev_t dev; /* of a directory: which one it is */
	ino_t ino;
};

/* --- what is kept --- */

static bool strips_privileges(const struct copy_files *files)
{
	return files->to_host && !files->keep_owner;
}

/* All names of a device: a hard link has the type of what it leads to, if it was not read from an archive. */
static bool is_left_out(const struct copy_files *files, const struct entry *entry)
{
	return strips_privileges(files) && (S_ISCHR(entry->mode) || S_ISBLK(entry->mode));
}

static bool keeps_xattr(const struct copy_files *files, const struct entry_xattr *xattr)
{
	return !strips_privileges(files) || !streq(xattr->name, XATTR_SECURITY_PREFIX XATTR_CAPS_SUFFIX);
}

static void keep_xattrs(const struct copy_files *files, const struct entry *entry, struct entry *kept)
{
	kept->xattrs = NULL;
	kept->n_xattrs = 0;
	for (size_t i = 0; i < entry->n_xattrs; i++)
		if (keeps_xattr(files, &entry->xattrs[i]))
			*ARRAY_APPEND(kept->xattrs, kept->n_xattrs) = (struct entry_xattr){
				.name = mem_strdup(entry->xattrs[i].name),
				.value = mem_dup(entry->xattrs[i].value, entry->xattrs[i].len),
				.len = entry->xattrs[i].len,
			};
}

static struct copy_kept *keep(const struct copy_files *files, const struct entry *entry)
{
	struct copy_kept *kept = NEW(struct copy_kept);
	kept->name = mem_strdup(entry->raw);
	kept->entry = *entry;
	kept->entry.raw = kept->name;
	kept->entry.target = NULL;
	keep_xattrs(files, entry, &kept->entry);
	if (!files->keep_owner) {
		kept->entry.uid = files->uid;
		kept->entry.gid = files->gid;
	}
	if (strips_privileges(files))
		kept->entry.mode &= ~(mode_t)(S_ISUID | S_ISGID);
	return kept;
}

static void kept_free(struct copy_kept *kept)
{
	if (!kept)
		return;
	for (size_t i = 0; i < kept->entry.n_xattrs; i++) {
		free((char *)kept->entry.xattrs[i].name);
		free((void *)kept->entry.xattrs[i].value);
	}
	free(kept->entry.xattrs);
	free(kept->name);
	free(kept);
}

static int failed(const struct entry *entry, int sys_errno, const char *verb, struct error *err)
{
	return err_sys(err, sys_errno, "%s '%s'", verb, entry->raw);
}

/* --- the place --- */

static char *join(const char *base, const char *path, size_t len)
{
	return mem_printf("%s%s%.*s", base, len ? "/" : "", (int)len, path);
}

/* The directory that @entry is to be in, which is made if the archive has none. It stays open for the next one. */
static int open_parent(struct copy_files *files, const struct entry *entry, struct error *err)
{
	const char *slash = strrchr(entry->raw, '/');
	_cleanup_free_ char *path = join(files->base, entry->raw, slash ? (size_t)(slash - entry->raw) : 0);
	if (files->parent >= 0 && streq(path, files->parent_path))
		return files->parent;
	int fd = path_make_dirs_in_root(files->root, path, PARENT_MODE);
	if (fd < 0)
		return failed(entry, -fd, "open the directory of", err);
	fd_close(files->parent);
	free(files->parent_path);
	files->parent = fd;
	files->parent_path = TAKE_PTR(path);
	return fd;
}

enum room { ROOM_FREE, ROOM_DIRECTORY, ROOM_MOUNTED };

/*
 * What is there already gives way, or stays: a directory for a directory; and a file that is mounted there, for who
 * removes that from outside of the mount's namespace takes the mount away from those within.
 */
static int make_room(const struct copy_files *files, int parent, const struct entry *entry, struct error *err)
{
	struct statx st;
	bool directory = S_ISDIR(entry->mode) && !entry->hard_link;
	if (statx(parent, path_base(entry->raw), AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st) < 0)
		return errno == ENOENT ? ROOM_FREE : failed(entry, errno, "examine", err);
	if (S_ISDIR(st.stx_mode) && !directory)
		return err_set(err, ERR_EXISTS, "cannot overwrite directory '%s' with a file", entry->raw);
	if (!S_ISDIR(st.stx_mode) && directory)
		return err_set(err, ERR_EXISTS, "cannot overwrite file '%s' with a directory", entry->raw);
	if (directory)
		return ROOM_DIRECTORY;
	if (files->mounted || st.stx_attributes & STATX_ATTR_MOUNT_ROOT)
		return S_ISREG(st.stx_mode) && S_ISREG(entry->mode) && !entry->hard_link
			       ? ROOM_MOUNTED
			       : failed(entry, EBUSY, "replace", err);
	return unlinkat(parent, path_base(entry->raw), 0) < 0 ? failed(entry, errno, "replace", err) : ROOM_FREE;
}

/* --- what is no regular file --- */

static void set_xattrs(const char *path, const struct entry *entry)
{
	for (size_t i = 0; i < entry->n_xattrs; i++)
		if (setxattr(path, entry->xattrs[i].name, entry->xattrs[i].value, entry->xattrs[i].len, 0) < 0)
			log_debug("'%s': attribute %s is left out: errno %d", entry->raw, entry->xattrs[i].name, errno);
}

/* All of it by the fd: somebody may have put something else in its place just now, which is not followed (Y2). */
static int set_node(int parent, const struct entry *entry, struct error *err)
{
	_cleanup_close_ int fd = openat(parent, path_base(entry->raw), O_PATH | O_NOFOLLOW | O_CLOEXEC);
	const struct timespec times[2] = { entry->mtime, entry->mtime };
	struct fd_path path = fd_path(fd);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return failed(entry, errno, "examine", err);
	if ((st.st_mode ^ entry->mode) & S_IFMT)
		return failed(entry, EBUSY, "set the owner of", err);
	if (fchownat(fd, "", entry->uid, entry->gid, AT_EMPTY_PATH) < 0)
		return failed(entry, errno, "set the owner of", err);
	if (!S_ISLNK(entry->mode) && chmod(path.text, entry->mode & ALLPERMS) < 0)
		return failed(entry, errno, "set the mode of", err);
	set_xattrs(path.text, entry);
	return utimensat(AT_FDCWD, path.text, times, 0) < 0 ? failed(entry, errno, "set the times of", err) : 0;
}

static int make_node(int parent, const struct entry *entry, const char *target, struct error *err)
{
	const char *name = path_base(entry->raw);
	int r = S_ISLNK(entry->mode) ? symlinkat(target, parent, name)
				     : mknodat(parent, name, (entry->mode & S_IFMT) | 0600, entry->device);
	return r < 0 ? failed(entry, errno, "make", err) : set_node(parent, entry, err);
}

static int make_hard_link(struct copy_files *files, int parent, const struct entry *entry, struct error *err)
{
	_cleanup_free_ char *path = join(files->base, entry->target, strlen(entry->target));
	_cleanup_close_ int fd = path_open_in_root(files->root, path, O_PATH | O_NOFOLLOW, 0);
	if (fd < 0)
		return failed(entry, -fd, "find what is to be linked to as", err);
	struct fd_path target = fd_path(fd);
	if (linkat(AT_FDCWD, target.text, parent, path_base(entry->raw), AT_SYMLINK_FOLLOW) < 0)
		return failed(entry, errno, "link", err);
	return 0;
}

/* What is there under its name at the end has to be this one: a link would lead to somebody else's (Y2). */
static int remember_directory(int parent, struct copy_kept *kept, struct error *err)
{
	struct stat st;
	if (fstatat(parent, path_base(kept->name), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(&kept->entry, errno, "examine", err);
	if (!S_ISDIR(st.st_mode))
		return failed(&kept->entry, EBUSY, "make directory", err);
	kept->dev = st.st_dev;
	kept->ino = st.st_ino;
	return 0;
}

static int make_directory(struct copy_files *files, int parent, enum room room, const struct entry *entry,
			  struct error *err)
{
	if (room == ROOM_FREE && mkdirat(parent, path_base(entry->raw), MAKING_MODE) < 0)
		return failed(entry, errno, "make directory", err);
	struct copy_kept *kept = keep(files, entry);
	*ARRAY_APPEND(files->directories, files->n_directories) = kept;
	return remember_directory(parent, kept, err);
}

/* --- regular files --- */

/* The file that is mounted there, which is written anew and stays what it is otherwise. */
static int open_mounted(int parent, const struct entry *entry, struct error *err)
{
	_cleanup_close_ int fd = openat(parent, path_base(entry->raw), O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return failed(entry, errno, "open", err);
	int file = S_ISREG(st.st_mode) ? fd_reopen(fd, O_WRONLY | O_TRUNC) : -EBUSY;
	return file < 0 ? failed(entry, -file, "write", err) : file;
}

static int make_file(int parent, const struct entry *entry, struct error *err)
{
	int fd = openat(parent, path_base(entry->raw), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? failed(entry, errno, "make", err) : fd;
}

static int begin_file(struct copy_files *files, int parent, enum room room, const struct entry *entry,
		      struct error *err)
{
	int fd = room == ROOM_MOUNTED ? open_mounted(parent, entry, err) : make_file(parent, entry, err);
	if (fd < 0)
		return fd;
	files->file = fd;
	files->made = room != ROOM_MOUNTED;
	files->offset = 0;
	files->current = keep(files, entry);
	return 0;
}

static int end_file(struct copy_files *files, struct error *err)
{
	if (files->file < 0)
		return 0;
	const struct entry *entry = &files->current->entry;
	if (ftruncate(files->file, (off_t)entry->size) < 0)
		return failed(entry, errno, "write", err);
	int r = files->made ? attributes_set_file(files->file, entry, true, err) : 0;
	if (r < 0)
		return r;
	fd_close(TAKE_FD(files->file));
	kept_free(TAKE_PTR(files->current));
	return 0;
}

static bool is_zero(const char *data, size_t len)
{
	return len == 0 || (data[0] == 0 && memcmp(data, data + 1, len - 1) == 0);
}

void copy_files_skip(struct copy_files *files, uint64_t len)
{
	files->offset += len;
}

/* Zeros become holes. */
static int put_data(void *context, const void *data, size_t len, struct error *err)
{
	struct copy_files *files = context;
	const char *bytes = data;
	if (is_zero(bytes, len)) {
		copy_files_skip(files, len);
		return 0;
	}
	while (len > 0) {
		ssize_t n = RETRY_ON_EINTR(pwrite(files->file, bytes, len, (off_t)files->offset));
		if (n < 0)
			return failed(&files->current->entry, errno, "write", err);
		bytes += n;
		len -= (size_t)n;
		files->offset += (uint64_t)n;
	}
	return 0;
}

/* --- all kinds --- */

static int put_node(struct copy_files *files, int parent, const struct entry *entry, struct error *err)
{
	struct copy_kept *kept = keep(files, entry);
	int r = make_node(parent, &kept->entry, entry->target, err);
	kept_free(kept);
	return r;
}

static int put_entry(void *context, const struct entry *entry, struct error *err)
{
	struct copy_files *files = context;
	int r = end_file(files, err);
	if (r >= 0 && is_left_out(files, entry)) {
		log_warn("'%s' is left out: it is a device, and --archive is not given", entry->raw);
		return 0;
	}
	int parent = r < 0 ? r : open_parent(files, entry, err);
	int room = parent < 0 ? parent : make_room(files, parent, entry, err);
	if (room < 0)
		return room;
	files->written += TAR_BLOCK + entry->size + tar_padding(entry->size);
	if (entry->hard_link)
		return make_hard_link(files, parent, entry, err);
	switch (entry->mode & S_IFMT) {
	case S_IFREG:
		return begin_file(files, parent, (enum room)room, entry, err);
	case S_IFDIR:
		return make_directory(files, parent, (enum room)room, entry, err);
	default:
		return put_node(files, parent, entry, err);
	}
}

struct copy_sink copy_files_sink(struct copy_files *files)
{
	return (struct copy_sink){ .context = files, .entry = put_entry, .data = put_data };
}

static int finish_directory(struct copy_files *files, const struct copy_kept *kept, struct error *err)
{
	const struct entry *entry = &kept->entry;
	struct stat st;
	_cleanup_free_ char *path = join(files->base, entry->raw, strlen(entry->raw));
	_cleanup_close_ int fd = path_open_in_root(files->root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0 || fstat(fd, &st) < 0)
		return failed(entry, fd < 0 ? -fd : errno, "open directory", err);
	if (st.st_dev != kept->dev || st.st_ino != kept->ino)
		return failed(entry, EBUSY, "set the owner of", err);
	return attributes_set_file(fd, entry, true, err);
}

int copy_files_finish(struct copy_files *files, struct error *err)
{
	int r = end_file(files, err);
	for (size_t i = files->n_directories; r >= 0 && i-- > 0;)
		r = finish_directory(files, files->directories[i], err);
	files->written += UINT64_C(2) * TAR_BLOCK;
	return r;
}

void copy_files_done(struct copy_files *files)
{
	if (files->file >= 0 && files->made)
		(void)unlinkat(files->parent, path_base(files->current->name), 0);
	fd_close(TAKE_FD(files->file));
	fd_close(TAKE_FD(files->parent));
	free(TAKE_PTR(files->parent_path));
	kept_free(TAKE_PTR(files->current));
	for (size_t i = 0; i < files->n_directories; i++)
		kept_free(files->directories[i]);
	free(TAKE_PTR(files->directories));
	files->n_directories = 0;
}
