/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd-copy.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/util.h"

/* From any file system to any other one. */
static int send_range(int from, int to, off_t at, off_t end)
{
	if (lseek(to, at, SEEK_SET) < 0)
		return -errno;
	while (at < end) {
		ssize_t n = RETRY_ON_EINTR(sendfile(to, from, &at, (size_t)(end - at)));
		if (n <= 0)
			return n < 0 ? -errno : 0;
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
			return send_range(from, to, at, end);
		if (n <= 0)
			return n < 0 ? -errno : 0;
	}
	return 0;
}

/* One stretch of data after the other; where the file system does not know of holes, all of it is one. */
int fd_copy_content(int from, int to, off_t size)
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
