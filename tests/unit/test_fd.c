/* SPDX-License-Identifier: Apache-2.0 */
/* File descriptors: whole reads and writes, flags, closing in bulk, passing over sockets. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd-copy.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "refuse-syscall.h"

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static bool is_cloexec(int fd)
{
	return fcntl(fd, F_GETFD) & FD_CLOEXEC;
}

/* What a child makes of @body: its exit status. */
static int in_child(int (*body)(void))
{
	int status = -1;
	pid_t pid = fork();
	if (pid == 0)
		_exit(body());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int null_fd(void)
{
	int fd = open("/dev/null", O_RDWR);
	assert_true(fd >= 0);
	return fd;
}

static void test_close_keeps_errno(void **state)
{
	errno = E2BIG;
	fd_close(-1);
	fd_close(-EBADF);
	fd_close(12345);
	assert_int_equal(errno, E2BIG);
	int fd = null_fd();
	fd_close(fd);
	assert_false(is_open(fd));
}

/* --- reading and writing --- */

static int write_slowly_into_a_pipe(int fd)
{
	for (int i = 0; i < 100; i++) {
		if (write(fd, "0123456789", 10) != 10)
			return 1;
		usleep(100);
	}
	return 0;
}

static void test_read_full_through_short_reads(void **state)
{
	int pair[2];
	char buf[2048];
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0)
		_exit(write_slowly_into_a_pipe(pair[1]));
	fd_close(pair[1]);
	assert_int_equal(fd_read_full(pair[0], buf, 995), 995);
	assert_int_equal(fd_read_full(pair[0], buf, sizeof buf), 5);
	assert_memory_equal(buf, "56789", 5);
	assert_int_equal(fd_read_full(pair[0], buf, sizeof buf), 0);
	assert_int_equal(fd_read_full(-1, buf, sizeof buf), -EBADF);
	fd_close(pair[0]);
	waitpid(pid, NULL, 0);
}

/* A pipe holds 64 KiB: what is more gets through only if the writer goes on after a short write. */
static void test_write_all_through_short_writes(void **state)
{
	enum { MUCH = 1 << 20 };
	int pair[2];
	_cleanup_free_ char *data = mem_alloc(MUCH), *back = mem_alloc(MUCH);
	memset(data, 'x', MUCH);
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		fd_close(pair[0]);
		_exit(fd_write_all(pair[1], data, MUCH) ? 1 : 0);
	}
	fd_close(pair[1]);
	assert_int_equal(fd_read_full(pair[0], back, MUCH), MUCH);
	assert_memory_equal(data, back, MUCH);
	fd_close(pair[0]);
	waitpid(pid, NULL, 0);

	_cleanup_close_ int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_int_equal(fd_write_all(full, "x", 1), -ENOSPC);
	assert_int_equal(fd_write_all(full, "", 0), 0);
}

static void test_read_text(void **state)
{
	static const char content[] = "some\0text";
	_cleanup_close_ int fd = memfd_create("text", MFD_CLOEXEC);
	char *text = NULL;
	size_t len = 77;
	struct error err = { 0 };
	assert_int_equal(fd_write_all(fd, content, 9), 0);

	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fd_read_text(fd, 9, "it", &text, &len, &err), 0);
	assert_int_equal(len, 9);
	assert_memory_equal(text, content, 10);
	free(text);

	assert_int_equal(fd_read_text(fd, 0, "it", &text, NULL, &err), 0); /* at the end: nothing is not too much */
	assert_string_equal(text, "");
	free(text);

	text = NULL;
	len = 77;
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fd_read_text(fd, 8, "it", &text, &len, &err), -ERR_INVALID);
	assert_string_equal(err.message, "it is larger than 8 bytes");
	assert_null(text);
	assert_int_equal(len, 77);

	assert_int_equal(fd_read_text(-1, 8, "it", &text, &len, &err), -ERR_SYSTEM);
	assert_string_equal(err.message, "read it: bad file descriptor");
	assert_null(text);
}

static void test_read_text_of_many_blocks(void **state)
{
	enum { MUCH = 300000 };
	_cleanup_close_ int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC), file = memfd_create("much", MFD_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	size_t len;
	assert_int_equal(fd_read_text(fd, MUCH, "zeroes", &text, &len, NULL), -ERR_INVALID);
	assert_int_equal(ftruncate(file, MUCH), 0);
	assert_int_equal(fd_read_text(file, MUCH, "much", &text, &len, NULL), 0);
	assert_int_equal(len, MUCH);
}

/* --- what an fd stands for, and its flags --- */

static void test_path_and_reopen(void **state)
{
	assert_string_equal(fd_path(7).text, "/proc/self/fd/7");
	assert_string_equal(fd_path(INT32_MAX).text, "/proc/self/fd/2147483647");
	_cleanup_close_ int place = open("/dev/zero", O_PATH | O_CLOEXEC);
	_cleanup_close_ int fd = fd_reopen(place, O_RDONLY);
	char byte = 'x';
	assert_int_equal(read(place, &byte, 1), -1);
	assert_int_equal(read(fd, &byte, 1), 1);
	assert_int_equal(byte, 0);
	assert_true(is_cloexec(fd));
	assert_int_equal(fd_reopen(12345, O_RDONLY), -ENOENT);
}

static void test_flags(void **state)
{
	_cleanup_close_ int fd = null_fd();
	assert_int_equal(fd_set_cloexec(fd, true), 0);
	assert_int_equal(fd_set_cloexec(fd, true), 0);
	assert_true(is_cloexec(fd));
	assert_int_equal(fd_set_cloexec(fd, false), 0);
	assert_false(is_cloexec(fd));
	assert_int_equal(fd_set_nonblocking(fd, true), 0);
	assert_int_equal(fcntl(fd, F_GETFL) & (O_NONBLOCK | O_ACCMODE), O_NONBLOCK | O_RDWR);
	assert_int_equal(fd_set_nonblocking(fd, false), 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(fd_set_cloexec(12345, true), -EBADF);
	assert_int_equal(fd_set_nonblocking(-1, true), -EBADF);
}

static void test_move_above(void **state)
{
	int fd = null_fd();
	assert_int_equal(fd_move_above(fd, 0), fd);
	int moved = fd_move_above(fd, 100);
	assert_true(moved >= 100);
	assert_false(is_open(fd));
	assert_true(is_cloexec(moved));
	fd_close(moved);
	assert_int_equal(fd_move_above(1, INT32_MAX), -EINVAL);
	assert_true(is_open(1));
}

static int fill_the_standard_streams(void)
{
	struct stat st, null;
	close(0);
	close(2);
	if (fd_fill_standard() < 0 || stat("/dev/null", &null) < 0)
		return 1;
	for (int fd = 0; fd <= 2; fd += 2)
		if (fstat(fd, &st) < 0 || st.st_rdev != null.st_rdev)
			return 2;
	/* No other file gets their numbers. */
	return open("/", O_RDONLY) > 2 ? 0 : 3;
}

static void test_fill_standard(void **state)
{
	assert_int_equal(in_child(fill_the_standard_streams), 0);
}

/* --- in bulk, with close_range() and without --- */

enum { LOW = 50, MIDDLE = 60, HIGH = 900 };

static int check_bulk(void)
{
	const int fds[] = { LOW, MIDDLE, HIGH };
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (dup2(1, fds[i]) != fds[i])
			return 1;
	fd_cloexec_from(MIDDLE);
	if (is_cloexec(LOW) || !is_cloexec(MIDDLE) || !is_cloexec(HIGH))
		return 2;
	fd_close_from(MIDDLE);
	if (!is_open(LOW) || is_open(MIDDLE) || is_open(HIGH))
		return 3;
	fd_close_from(3);
	return is_open(2) && !is_open(LOW) ? 0 : 4;
}

static int check_bulk_without_close_range(void)
{
	return refuse_syscall(SYS_close_range, ENOSYS) ? check_bulk() : 10;
}

static int check_bulk_with_close_range_denied(void)
{
	return refuse_syscall(SYS_close_range, EPERM) ? check_bulk() : 10;
}

static void test_bulk(void **state)
{
	assert_int_equal(in_child(check_bulk), 0);
	assert_int_equal(in_child(check_bulk_without_close_range), 0);
	assert_int_equal(in_child(check_bulk_with_close_range_denied), 0);
}

/* --- over sockets --- */

static void test_pass_descriptors(void **state)
{
	int pair[2], files[FD_PASS_MAX], received[FD_PASS_MAX];
	size_t count = 77;
	char buf[16];
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	for (int i = 0; i < FD_PASS_MAX; i++)
		files[i] = null_fd();
	for (size_t n = 0; n <= FD_PASS_MAX; n++) {
		assert_int_equal(fd_send(pair[0], "text", 4, files, n), 0);
		assert_int_equal(fd_receive(pair[1], buf, sizeof buf, received, FD_PASS_MAX, &count), 4);
		assert_int_equal(count, n);
		for (size_t i = 0; i < n; i++) {
			assert_true(is_cloexec(received[i]));
			fd_close(received[i]);
		}
	}
	assert_int_equal(fd_send(pair[0], "text", 4, files, FD_PASS_MAX + 1), -EINVAL);
	fd_close(pair[0]);
	assert_int_equal(fd_receive(pair[1], buf, sizeof buf, received, FD_PASS_MAX, &count), 0);
	assert_int_equal(count, 0);
	fd_close(pair[1]);
	for (int i = 0; i < FD_PASS_MAX; i++)
		fd_close(files[i]);
}

/* The lowest free number: it stays the same where nothing leaks. */
static int lowest_free(void)
{
	int fd = null_fd();
	fd_close(fd);
	return fd;
}

/* More descriptors than somebody wants, or than anybody may send, stay with nobody. */
static void test_unwanted_descriptors_are_closed(void **state)
{
	enum { TOO_MANY = 100 };
	union {
		char buf[CMSG_SPACE(sizeof(int) * TOO_MANY)];
		struct cmsghdr align;
	} control = { 0 };
	int pair[2], fds[3] = { 0, 1, 2 }, received = -1;
	size_t count = 77;
	char byte;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	int before = lowest_free();
	assert_int_equal(fd_send(pair[0], "x", 1, fds, 3), 0);
	assert_int_equal(fd_receive(pair[1], &byte, 1, NULL, 0, NULL), 1);
	assert_int_equal(lowest_free(), before);
	assert_int_equal(fd_send(pair[0], "x", 1, fds, 3), 0);
	assert_int_equal(fd_receive(pair[1], &byte, 1, &received, 1, &count), 1);
	assert_int_equal(count, 1);
	fd_close(received);
	assert_int_equal(lowest_free(), before);

	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf, .msg_controllen = sizeof control.buf
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);
	*head = (struct cmsghdr){ CMSG_LEN(sizeof(int) * TOO_MANY), SOL_SOCKET, SCM_RIGHTS };
	for (int i = 0; i < TOO_MANY; i++)
		((int *)CMSG_DATA(head))[i] = i % 3;
	assert_int_equal(sendmsg(pair[0], &msg, 0), 1);
	assert_int_equal(fd_receive(pair[1], &byte, 1, &received, 1, &count), 1);
	assert_int_equal(count, 1);
	fd_close(received);
	assert_int_equal(lowest_free(), before);
	fd_close(pair[0]);
	fd_close(pair[1]);
}

/* A peer that is gone is an error and no SIGPIPE. */
static void test_send_to_nobody(void **state)
{
	int pair[2];
	char byte;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	fd_close(pair[1]);
	assert_int_equal(fd_send(pair[0], "x", 1, NULL, 0), -EPIPE);
	fd_close(pair[0]);
	assert_int_equal(fd_send(12345, "x", 1, NULL, 0), -EBADF);
	assert_int_equal(fd_receive(12345, &byte, 1, NULL, 0, NULL), -EBADF);
}

/* Data, a hole, data, a hole; between files in memory, and from there to a disk. */
static void assert_copied(int from, int to, off_t size)
{
	char got[16];
	struct stat st;
	assert_int_equal(fd_copy_content(from, to, size), 0);
	assert_int_equal(fstat(to, &st), 0);
	assert_int_equal(st.st_size, size);
	assert_true(st.st_blocks * 512 < size / 2);
	assert_int_equal(pread(to, got, 5, 0), 5);
	assert_memory_equal(got, "begin", 5);
	assert_int_equal(pread(to, got, 6, (4 << 20) - 3), 6);
	assert_memory_equal(got, "\0\0\0mid", 6);
}

static void test_copy_of_content(void **state)
{
	const off_t size = 8 << 20;
	(void)state;
	_cleanup_close_ int from = memfd_create("from", MFD_CLOEXEC), near = memfd_create("near", MFD_CLOEXEC);
	_cleanup_close_ int far = open("/var/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	_cleanup_close_ int none = memfd_create("none", MFD_CLOEXEC);
	assert_int_equal(pwrite(from, "begin", 5, 0), 5);
	assert_int_equal(pwrite(from, "middle", 6, 4 << 20), 6);
	assert_int_equal(ftruncate(from, size), 0);
	assert_copied(from, near, size);
	if (far >= 0) /* there are file systems without O_TMPFILE */
		assert_copied(from, far, size);
	assert_int_equal(fd_copy_content(from, none, 0), 0);
	assert_int_equal(lseek(none, 0, SEEK_END), 0);
	assert_int_equal(fd_copy_content(-1, near, 5), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_close_keeps_errno),
		cmocka_unit_test(test_copy_of_content),
		cmocka_unit_test(test_read_full_through_short_reads),
		cmocka_unit_test(test_write_all_through_short_writes),
		cmocka_unit_test(test_read_text),
		cmocka_unit_test(test_read_text_of_many_blocks),
		cmocka_unit_test(test_path_and_reopen),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_move_above),
		cmocka_unit_test(test_fill_standard),
		cmocka_unit_test(test_bulk),
		cmocka_unit_test(test_pass_descriptors),
		cmocka_unit_test(test_unwanted_descriptors_are_closed),
		cmocka_unit_test(test_send_to_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
