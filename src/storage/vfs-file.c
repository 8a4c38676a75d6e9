/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/vfs-file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "storage/overlay-marks.h"

enum { COPY_SIZE = 1 << 20 };

/* --- content --- */

static int copy_by_hand(int from, int to, off_t at, off_t end)
{
	_cleanup_free_ char *block = mem_alloc(COPY_SIZE);
	while (at < end) {
		ssize_t n = RETRY_ON_EINTR(pread(from, block, (size_t)MIN(end - at, (off_t)COPY_SIZE), at));
		if (n <= 0)
			return n < 0 ? -errno : 0;
		for (ssize_t done = 0; done < n;) {
			ssize_t m = RETRY_ON_EINTR(pwrite(to, block + done, (size_t)(n - done), at + done));
			if (m < 0)
				return -errno;
			done += m;
		}
		at += n;
	}
	return 0;
}

/* Whether the kernel's own copy cannot do it here: another file system, an old kernel, a sandbox. */
static bool is_unable(int error)
{
	return error == EXDEV || error == ENOSYS || error == EOPNOTSUPP || error == EINVAL || error == EPERM;
}

static int copy_range(int from, int to, off_t at, off_t end)
{
	while (at < end) {
		off_t out = at;
		ssize_t n = RETRY_ON_EINTR(copy_file_range(from, &at, to, &out, (size_t)(end - at), 0));
		if (n < 0 && is_unable(errno))
			return copy_by_hand(from, to, at, end);
		if (n <= 0)
			return n < 0 ? -errno : 0;
	}
	return 0;
}

/* One stretch of data after the other; where the file system does not know of holes, all of it is one. */
int vfs_copy_content(int from, int to, off_t size)
{
	if (size == 0 || ioctl(to, FICLONE, from) == 0)
		return 0;
	for (off_t end, at = 0; at < size; at = end) {
		off_t data = lseek(from, at, SEEK_DATA);
		if (data < 0 && errno == ENXIO) /* nothing but a hole is left */
			break;
		data = data < 0 ? at : data;
		end = lseek(from, data, SEEK_HOLE);
		end = end < 0 ? size : MIN(end, size);
		int r = copy_range(from, to, data, end);
		if (r < 0)
			return r;
	}
	return ftruncate(to, size) < 0 ? -errno : 0;
}

/* --- the rest --- */

/* What this file system, or its mount, cannot hold was told when the layer was unpacked: it cannot have it either. */
static int copy_xattr(const char *from, const char *to, const char *name, struct id_shift *shift)
{
	_cleanup_free_ char *value = mem_alloc(XATTR_SIZE_MAX);
	ssize_t len = getxattr(from, name, value, XATTR_SIZE_MAX);
	if (len < 0)
		return -errno;
	int r = id_shift_is_acl(name) ? id_shift_acl(shift, value, (size_t)len) : 0;
	return r < 0 ? r : setxattr(to, name, value, (size_t)len, 0) < 0 ? -errno : 0;
}

static int copy_xattrs(const char *from, const char *to, struct id_shift *shift)
{
	_cleanup_free_ char *names = mem_alloc(XATTR_LIST_MAX);
	ssize_t len = listxattr(from, names, XATTR_LIST_MAX);
	if (len < 0)
		return errno == ENOTSUP ? 0 : -errno;
	int r = 0;
	for (const char *name = names; r == 0 && name < names + len; name += strlen(name) + 1)
		if (!overlay_is_mark(name))
			r = copy_xattr(from, to, name, shift);
	return r;
}

/* Of a directory that a layer below has made. */
static int clear_xattrs(const char *path)
{
	_cleanup_free_ char *names = mem_alloc(XATTR_LIST_MAX);
	ssize_t len = listxattr(path, names, XATTR_LIST_MAX);
	if (len < 0)
		return errno == ENOTSUP ? 0 : -errno;
	for (const char *name = names; name < names + len; name += strlen(name) + 1)
		if (removexattr(path, name) < 0 && errno != ENODATA && !str_starts_with(name, "security."))
			return -errno;
	return 0;
}

/* The owner first, which takes setuid and capabilities away; by the paths in /proc, the only ones to a link itself. */
int vfs_copy_metadata(int from, int to, const struct stat *st, struct id_shift *shift)
{
	const struct fd_path source = fd_path(from), target = fd_path(to);
	const struct timespec times[] = { st->st_atim, st->st_mtim };
	if (fchownat(to, "", st->st_uid, st->st_gid, AT_EMPTY_PATH) < 0 ||
	    (!S_ISLNK(st->st_mode) && chmod(target.text, st->st_mode & ALLPERMS) < 0))
		return -errno;
	int r = S_ISDIR(st->st_mode) ? clear_xattrs(target.text) : 0;
	if (r == 0)
		r = copy_xattrs(source.text, target.text, shift);
	return r < 0 ? r : utimensat(AT_FDCWD, target.text, times, 0) < 0 ? -errno : 0;
}
