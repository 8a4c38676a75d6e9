/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/vfs-file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "storage/overlay-marks.h"

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
