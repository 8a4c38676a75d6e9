/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"

void fd_close(int fd)
{
	if (fd < 0)
		return;
	int saved = errno;
	close(fd);
	errno = saved;
}

int fd_write_all(int fd, const void *data, size_t len)
{
	const char *at = data;
	while (len > 0) {
		ssize_t n = RETRY_ON_EINTR(write(fd, at, len));
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

ssize_t fd_read_full(int fd, void *buf, size_t len)
{
	size_t used = 0;
	while (used < len) {
		ssize_t n = RETRY_ON_EINTR(read(fd, (char *)buf + used, len - used));
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

int fd_read_text(int fd, size_t max, const char *what, char **ret, size_t *ret_len, struct error *err)
{
	_cleanup_str_ struct str text = { 0 };
	char buf[16 * 1024];
	for (;;) {
		ssize_t n = RETRY_ON_EINTR(read(fd, buf, sizeof buf));
		if (n < 0)
			return err_sys(err, errno, "read %s", what);
		if (n == 0)
			break;
		if (text.len + (size_t)n > max)
			return err_set(err, ERR_INVALID, "%s is larger than %zu bytes", what, max);
		str_append_len(&text, buf, (size_t)n);
	}
	if (ret_len)
		*ret_len = text.len;
	*ret = str_take(&text);
	return 0;
}

struct fd_path fd_path(int fd)
{
	struct fd_path path;
	snprintf(path.text, sizeof path.text, "/proc/self/fd/%d", fd);
	return path;
}

int fd_reopen(int fd, int flags)
{
	int fresh = RETRY_ON_EINTR(open(fd_path(fd).text, flags | O_CLOEXEC));
	return fresh < 0 ? -errno : fresh;
}

static int change_flag(int fd, int get, int set, int flag, bool on)
{
	int flags = fcntl(fd, get);
	if (flags < 0)
		return -errno;
	int wanted = on ? flags | flag : flags & ~flag;
	return wanted == flags || fcntl(fd, set, wanted) == 0 ? 0 : -errno;
}

int fd_set_cloexec(int fd, bool cloexec)
{
	return change_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, cloexec);
}

int fd_set_nonblocking(int fd, bool nonblocking)
{
	return change_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, nonblocking);
}

/* For kernels that lack close_range() or its flag (before 5.11), or a sandbox that denies it. */
static void for_each_open_fd(int first, void (*act)(int fd))
{
	_cleanup_closedir_ DIR *dir = opendir("/proc/self/fd");
	if (!dir)
		return;
	for (struct dirent *entry; (entry = readdir(dir));) {
		char *end;
		long fd = strtol(entry->d_name, &end, 10);
		if (*end == '\0' && end != entry->d_name && fd >= first && fd != dirfd(dir))
			act((int)fd);
	}
}

static void set_cloexec(int fd)
{
	(void)fd_set_cloexec(fd, true);
}

void fd_close_from(int first)
{
	if (syscall(SYS_close_range, (unsigned)first, ~0u, 0) < 0)
		for_each_open_fd(first, fd_close);
}

void fd_cloexec_from(int first)
{
	if (syscall(SYS_close_range, (unsigned)first, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		for_each_open_fd(first, set_cloexec);
}

/* The smallest of @keep that is at least @first, or -1. */
static int next_kept(int first, const int *keep, size_t n_keep)
{
	int next = -1;
	for (size_t i = 0; i < n_keep; i++)
		if (keep[i] >= first && (next < 0 || keep[i] < next))
			next = keep[i];
	return next;
}

static void close_span(int first, int last)
{
	if (first > last || syscall(SYS_close_range, (unsigned)first, (unsigned)last, 0) == 0)
		return;
	for (int fd = first; fd <= last; fd++)
		fd_close(fd);
}

void fd_close_from_except(int first, const int *keep, size_t n_keep)
{
	for (int kept; (kept = next_kept(first, keep, n_keep)) >= 0; first = kept + 1)
		close_span(first, kept - 1);
	fd_close_from(first);
}

int fd_move_above(int fd, int first)
{
	if (fd >= first)
		return fd;
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, first);
	if (moved < 0)
		return -errno;
	fd_close(fd);
	return moved;
}

int fd_fill_standard(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		int null = open("/dev/null", O_RDWR); /* the lowest free number: this one */
		if (null < 0)
			return -errno;
		if (null != fd)
			fd_close(null);
	}
	return 0;
}

int fd_connect_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof address.sun_path)
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -errno;
	if (connect(sock, (struct sockaddr *)&address, sizeof address) == 0)
		return sock;
	int error = errno;
	fd_close(sock);
	return -error;
}

union control {
	char buf[CMSG_SPACE(sizeof(int) * FD_PASS_MAX)];
	struct cmsghdr align;
};

int fd_send(int sock, const void *data, size_t len, const int *fds, size_t n_fds)
{
	union control control = { 0 };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	if (n_fds > FD_PASS_MAX)
		return -EINVAL;
	if (n_fds > 0) {
		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		struct cmsghdr *head = CMSG_FIRSTHDR(&msg);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(head), fds, sizeof(int) * n_fds);
	}
	ssize_t n = RETRY_ON_EINTR(sendmsg(sock, &msg, MSG_NOSIGNAL));
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

static size_t take_descriptors(struct msghdr *msg, int *fds, size_t n_fds)
{
	size_t count = 0;
	for (struct cmsghdr *head = CMSG_FIRSTHDR(msg); head; head = CMSG_NXTHDR(msg, head)) {
		if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(head) + i * sizeof fd, sizeof fd);
			if (count < n_fds)
				fds[count++] = fd;
			else
				fd_close(fd);
		}
	}
	return count;
}

ssize_t fd_receive(int sock, void *buf, size_t len, int *fds, size_t n_fds, size_t *ret_n_fds)
{
	union control control = { 0 };
	struct iovec iov = { .iov_base = buf, .iov_len = len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf, .msg_controllen = sizeof control.buf
	};
	ssize_t n = RETRY_ON_EINTR(recvmsg(sock, &msg, MSG_CMSG_CLOEXEC));
	if (n < 0)
		return -errno;
	size_t count = take_descriptors(&msg, fds, n_fds);
	if (ret_n_fds)
		*ret_n_fds = count;
	return n;
}
