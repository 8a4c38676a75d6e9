/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/random.h"
#include "base/util.h"

int file_read(int dir, const char *path, size_t max, char **ret, size_t *ret_len, struct error *err)
{
	_cleanup_close_ int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_sys(err, errno, "open '%s'", path);
	return fd_read_text(fd, max, path, ret, ret_len, err);
}

ssize_t file_read_line(int dir, const char *path, char *buf, size_t size)
{
	_cleanup_close_ int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t len = fd_read_full(fd, buf, size - 1);
	if (len < 0)
		return len;
	buf[len] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return (ssize_t)strlen(buf);
}

int file_write_line(int dir, const char *path, const char *text)
{
	_cleanup_close_ int fd = openat(dir, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t n = RETRY_ON_EINTR(write(fd, text, strlen(text)));
	return n < 0 ? -errno : 0;
}

static int write_and_rename(int dir, int fd, const char *temporary, const char *name, const void *data, size_t len,
			    int flags, struct error *err)
{
	int r = fd_write_all(fd, data, len);
	if (r < 0)
		return err_sys(err, -r, "write '%s'", name);
	if ((flags & FILE_SYNC) && fsync(fd) < 0)
		return err_sys(err, errno, "flush '%s' to disk", name);
	if (renameat(dir, temporary, dir, name) < 0)
		return err_sys(err, errno, "put '%s' in place", name);
	if (flags & FILE_SYNC) {
		_cleanup_close_ int self = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (self < 0 || fsync(self) < 0)
			return err_sys(err, errno, "flush the directory of '%s' to disk", name);
	}
	return 0;
}

int file_write_atomic(int dir, const char *name, const void *data, size_t len, mode_t mode, int flags,
		      struct error *err)
{
	char temporary[32];
	snprintf(temporary, sizeof temporary, ".tmp-%016llx", (unsigned long long)random_u64());
	_cleanup_close_ int fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return err_sys(err, errno, "make '%s'", name);
	int r = 0;
	if ((flags & FILE_EXACT_MODE) && fchmod(fd, mode) < 0)
		r = err_sys(err, errno, "set the mode of '%s'", name);
	if (r >= 0)
		r = write_and_rename(dir, fd, temporary, name, data, len, flags, err);
	if (r < 0)
		unlinkat(dir, temporary, 0);
	return r;
}

int file_lock(int dir, const char *name, bool exclusive, bool wait, struct error *err)
{
	_cleanup_close_ int fd = openat(dir, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys(err, errno, "open lock '%s'", name);
	int operation = (exclusive ? LOCK_EX : LOCK_SH) | (wait ? 0 : LOCK_NB);
	if (RETRY_ON_EINTR(flock(fd, operation)) < 0) {
		if (errno == EWOULDBLOCK)
			return err_set(err, ERR_BUSY, "'%s' is locked by another process", name);
		return err_sys(err, errno, "lock '%s'", name);
	}
	return TAKE_FD(fd);
}
