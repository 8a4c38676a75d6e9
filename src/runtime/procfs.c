/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/util.h"

enum { PROC_ROOT_INODE = 1 };

int procfs_open(struct error *err)
{
	_cleanup_close_ int fd = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs fs;
	struct stat st;
	if (fd < 0 || fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "open /proc");
	if (fs.f_type != PROC_SUPER_MAGIC || st.st_ino != PROC_ROOT_INODE)
		return err_set(err, ERR_SYSTEM, "/proc is not the root of a procfs");
	return TAKE_FD(fd);
}

int procfs_write(int proc, const char *path, const char *text)
{
	_cleanup_close_ int fd = path_open_beneath(proc, path, O_WRONLY, 0);
	struct statfs fs;
	if (fd < 0)
		return fd;
	if (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return -EXDEV;
	ssize_t n = RETRY_ON_EINTR(write(fd, text, strlen(text)));
	return n < 0 ? -errno : 0;
}
