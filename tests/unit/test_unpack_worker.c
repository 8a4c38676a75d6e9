/* SPDX-License-Identifier: Apache-2.0 */
/* Workers: jobs, blobs that grow, deaths on either side; and what a process can still do in the sandbox. */
#include "unpack-fixture.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/process.h"
#include "image/unpack-sandbox.h"

/* The archive of the fixture, ended, as a file that is mapped into nothing. */
static int make_blob(struct fixture *fixture)
{
	tar_end(&fixture->tar);
	int fd = memfd_create("blob", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, fixture->tar.data, fixture->tar.len), 0);
	return fd;
}

static struct unpack_worker *start(void)
{
	struct unpack_worker *worker = NULL;
	struct error err = { 0 };
	if (unpack_worker_start(&worker, &err) < 0)
		fail_msg("%s", err.message);
	return worker;
}

/* The only child that this process has. */
static pid_t only_child(void)
{
	char text[64];
	pid_t pid;
	assert_true(file_read_line(AT_FDCWD, "/proc/thread-self/children", text, sizeof text) > 0);
	assert_int_equal(sscanf(text, "%d", &pid), 1);
	return pid;
}

static bool has_ended(const struct unpack_worker *worker, int timeout_ms)
{
	struct pollfd fd = { .fd = unpack_worker_fd(worker), .events = POLLIN };
	return poll(&fd, 1, timeout_ms) == 1;
}

/* --- Jobs --- */

static void test_one_job(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_unpack_worker_ struct unpack_worker *worker = start();
	tar_add(&fixture->tar, .name = "file", .data = "text", .mode = 04711, .uid = 1000);
	tar_add(&fixture->tar, .name = "dir/.wh.gone");
	tar_add(&fixture->tar, .name = "dir/.wh..wh..opq");
	tar_pax_text(&fixture->tar, "SCHILY.xattr.trusted.name", "value");
	tar_add(&fixture->tar, .name = "link", .type = '2', .link = "caf\xc3\xa9");
	tar_add(&fixture->tar, .name = "null", .type = '3', .major = 1, .minor = 3);
	_cleanup_close_ int blob = make_blob(fixture);
	assert_int_equal(unpack_worker_begin(worker, blob, fixture->tar.len, fixture->dir, LAYER_GZIP, NULL, NULL), 0);
	assert_int_equal(unpack_worker_feed(worker, fixture->tar.len, true, NULL), 0);
	struct error err = { 0 };
	if (unpack_worker_finish(worker, &fixture->result, &err) < 0)
		fail_msg("%s (%s)", err.message, err.cause);
	assert_int_equal(fixture->result.entries, 5);
	assert_int_equal(fixture->result.archive_size, fixture->tar.len);
	assert_text(fixture, "file", "text");
	assert_int_equal(stat_of(fixture, "file").st_mode, S_IFREG | 04711);
	assert_int_equal(stat_of(fixture, "file").st_uid, 1000);
	assert_true(is_whiteout(fixture, "dir/gone"));
	assert_true(is_opaque(fixture, "dir"));
	assert_string_equal(xattr_of(fixture, "link", "trusted.name"), "value");
	assert_link(fixture, "link", "caf\xc3\xa9");
	assert_int_equal(stat_of(fixture, "null").st_rdev, makedev(1, 3));
}

static void test_blob_that_grows(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_unpack_worker_ struct unpack_worker *worker = start();
	for (int i = 0; i < 50; i++) {
		char name[32];
		snprintf(name, sizeof name, "file-%d", i);
		tar_add(&fixture->tar, .name = name, .data = name);
	}
	tar_end(&fixture->tar);
	_cleanup_close_ int blob = memfd_create("blob", MFD_CLOEXEC);
	assert_int_equal(unpack_worker_begin(worker, blob, 0, fixture->dir, LAYER_PLAIN, NULL, NULL), 0);
	for (size_t at = 0; at < fixture->tar.len;) {
		size_t n = MIN((size_t)777, fixture->tar.len - at);
		assert_int_equal(fd_write_all(blob, fixture->tar.data + at, n), 0);
		at += n;
		assert_int_equal(unpack_worker_feed(worker, at, false, NULL), 0);
	}
	/* All bytes are there, but nobody has said that they are the right ones. */
	assert_false(has_ended(worker, 50));
	assert_int_equal(unpack_worker_feed(worker, fixture->tar.len, true, NULL), 0);
	assert_true(has_ended(worker, 10000));
	assert_int_equal(unpack_worker_finish(worker, &fixture->result, NULL), 0);
	assert_int_equal(fixture->result.entries, 50);
	assert_text(fixture, "file-49", "file-49");
}

/* Its beginning was read already; the rest comes as the other end likes. */
static void test_stream(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_unpack_worker_ struct unpack_worker *worker = start();
	int pair[2];
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	tar_add(&fixture->tar, .name = "file", .data = "text", .uid = 1000);
	tar_end(&fixture->tar);
	fixture->limits.owners_are_ours = fixture->limits.no_digest = true;
	assert_int_equal(unpack_worker_begin_stream(worker, pair[0], fixture->tar.data, 6, fixture->dir, LAYER_PLAIN,
						    &fixture->limits, NULL),
			 0);
	fd_close(pair[0]);
	assert_int_equal(fd_write_all(pair[1], fixture->tar.data + 6, 600), 0);
	assert_false(has_ended(worker, 50));
	assert_int_equal(fd_write_all(pair[1], fixture->tar.data + 606, fixture->tar.len - 606), 0);
	fd_close(pair[1]);
	struct error err = { 0 };
	if (unpack_worker_finish(worker, &fixture->result, &err) < 0)
		fail_msg("%s (%s)", err.message, err.cause);
	assert_text(fixture, "file", "text");
	assert_int_equal(stat_of(fixture, "file").st_uid, geteuid());
	assert_int_equal(fixture->result.entries, 1);
	assert_string_equal(fixture->result.diff_id,
			    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void test_jobs_one_after_the_other(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_unpack_worker_ struct unpack_worker *worker = start();
	for (int i = 0; i < 6; i++) {
		fixture_again(fixture);
		tar_add(&fixture->tar, .name = i % 2 ? "../bad" : "good", .data = "text");
		_cleanup_close_ int blob = make_blob(fixture);
		struct error err = { 0 };
		assert_int_equal(unpack_worker_begin(worker, blob, 100, fixture->dir, LAYER_PLAIN, NULL, NULL), 0);
		assert_int_equal(unpack_worker_feed(worker, fixture->tar.len, true, NULL), 0);
		int r = unpack_worker_finish(worker, &fixture->result, &err);
		assert_int_equal(r, i % 2 ? -ERR_IMG_LAYER : 0);
		assert_int_equal(err.stage, i % 2 ? STAGE_UNPACK : STAGE_NONE);
		assert_true(i % 2 == 0 || strstr(err.message, "leads out of the layer"));
	}
}

static void test_order_of_calls(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_unpack_worker_ struct unpack_worker *worker = start();
	_cleanup_close_ int blob = make_blob(fixture);
	assert_int_equal(unpack_worker_finish(worker, &fixture->result, NULL), -ERR_INTERNAL);
	assert_int_equal(unpack_worker_begin(worker, blob, 0, fixture->dir, LAYER_PLAIN, NULL, NULL), 0);
	assert_int_equal(unpack_worker_begin(worker, blob, 0, fixture->dir, LAYER_PLAIN, NULL, NULL), -ERR_INTERNAL);
	assert_int_equal(unpack_worker_feed(worker, fixture->tar.len, true, NULL), 0);
	assert_int_equal(unpack_worker_finish(worker, &fixture->result, NULL), 0);
	/* Too late, but no harm. */
	assert_int_equal(unpack_worker_feed(worker, 1, false, NULL), 0);
}

static void test_limits_are_passed_on(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_unpack_worker_ struct unpack_worker *worker = start();
	tar_add(&fixture->tar, .name = "a");
	tar_add(&fixture->tar, .name = "b");
	_cleanup_close_ int blob = make_blob(fixture);
	fixture->limits.entries = 1;
	struct error err = { 0 };
	assert_int_equal(unpack_worker_begin(worker, blob, fixture->tar.len, fixture->dir, LAYER_PLAIN,
					     &fixture->limits, NULL),
			 0);
	assert_int_equal(unpack_worker_feed(worker, fixture->tar.len, true, NULL), 0);
	assert_int_equal(unpack_worker_finish(worker, &fixture->result, &err), -ERR_IMG_LAYER);
	assert_non_null(strstr(err.message, "more than 1 entries"));
}

static void test_blob_shorter_than_said(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_unpack_worker_ struct unpack_worker *worker = start();
	_cleanup_close_ int blob = make_blob(fixture);
	struct error err = { 0 };
	assert_int_equal(unpack_worker_begin(worker, blob, 99999, fixture->dir, LAYER_PLAIN, NULL, NULL), 0);
	assert_int_equal(unpack_worker_finish(worker, &fixture->result, &err), -ERR_SYSTEM);
	assert_int_equal(err.sys_errno, ENODATA);
}

/* However often we say so, and however little the worker listens. */
static void test_feeding_never_blocks(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_unpack_worker_ struct unpack_worker *worker = start();
	_cleanup_close_ int blob = make_blob(fixture);
	assert_int_equal(unpack_worker_begin(worker, blob, 0, fixture->dir, LAYER_PLAIN, NULL, NULL), 0);
	pid_t pid = only_child();
	assert_int_equal(kill(pid, SIGSTOP), 0);
	alarm(60);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(unpack_worker_feed(worker, 0, false, NULL), 0);
	assert_int_equal(unpack_worker_feed(worker, fixture->tar.len, true, NULL), 0);
	alarm(0);
	assert_int_equal(kill(pid, SIGCONT), 0);
	assert_int_equal(unpack_worker_finish(worker, &fixture->result, NULL), 0);
}

static void test_full_file_system(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_close_ int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	if (fs < 0)
		skip();
	assert_int_equal(fsconfig(fs, FSCONFIG_SET_STRING, "size", "256k", 0), 0);
	assert_int_equal(fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), 0);
	_cleanup_close_ int small = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	assert_true(small >= 0);
	_cleanup_unpack_worker_ struct unpack_worker *worker = start();
	_cleanup_str_ struct str data = { 0 };
	for (int i = 0; i < 1 << 20; i++)
		str_append_char(&data, 'x');
	tar_add(&fixture->tar, .name = "large", .data = data.data, .data_len = data.len);
	_cleanup_close_ int blob = make_blob(fixture);
	struct error err = { 0 };
	assert_int_equal(unpack_worker_begin(worker, blob, fixture->tar.len, small, LAYER_PLAIN, NULL, NULL), 0);
	assert_int_equal(unpack_worker_feed(worker, fixture->tar.len, true, NULL), 0);
	assert_int_equal(unpack_worker_finish(worker, &fixture->result, &err), -ERR_NOSPC);
	assert_string_equal(err.message, "write 'large': no space left on device");
	assert_non_null(strstr(err.cause, "0 bytes free, needs "));
	assert_true(str_starts_with(err.cause, "/"));
	assert_int_equal(err.stage, STAGE_UNPACK);
}

/* --- Deaths --- */

static void test_worker_that_dies(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_unpack_worker_ struct unpack_worker *worker = start();
	_cleanup_close_ int blob = make_blob(fixture);
	assert_int_equal(unpack_worker_begin(worker, blob, 0, fixture->dir, LAYER_PLAIN, NULL, NULL), 0);
	assert_int_equal(kill(only_child(), SIGTERM), 0);
	assert_true(has_ended(worker, 10000));
	struct error err = { 0 };
	assert_int_equal(unpack_worker_finish(worker, &fixture->result, &err), -ERR_IMG_LAYER);
	assert_string_equal(err.message, "the process that unpacked the layer was killed by SIGTERM");
	assert_int_equal(err.stage, STAGE_UNPACK);
	assert_int_equal(unpack_worker_begin(worker, blob, 0, fixture->dir, LAYER_PLAIN, NULL, NULL), -ERR_INTERNAL);
}

static void test_worker_that_died_before_its_job(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_unpack_worker_ struct unpack_worker *worker = start();
	_cleanup_close_ int blob = make_blob(fixture);
	assert_int_equal(kill(only_child(), SIGKILL), 0);
	assert_true(has_ended(worker, 10000));
	assert_int_equal(unpack_worker_begin(worker, blob, 0, fixture->dir, LAYER_PLAIN, NULL, NULL), 0);
	assert_int_equal(unpack_worker_feed(worker, 1, true, NULL), 0);
	struct error err = { 0 };
	assert_int_equal(unpack_worker_finish(worker, &fixture->result, &err), -ERR_IMG_LAYER);
	assert_non_null(strstr(err.message, "killed by SIGKILL"));
}

static void test_free_cuts_a_job_off(void **state)
{
	struct fixture *fixture = *state;
	struct unpack_worker *worker = start(), *other = start();
	_cleanup_close_ int blob = make_blob(fixture);
	assert_int_equal(unpack_worker_begin(worker, blob, 0, fixture->dir, LAYER_PLAIN, NULL, NULL), 0);
	unpack_worker_free(worker);
	/* The other one, which was forked later, holds nothing of the first one. */
	assert_int_equal(unpack_worker_begin(other, blob, fixture->tar.len, fixture->dir, LAYER_PLAIN, NULL, NULL), 0);
	assert_int_equal(unpack_worker_feed(other, fixture->tar.len, true, NULL), 0);
	assert_int_equal(unpack_worker_finish(other, &fixture->result, NULL), 0);
	unpack_worker_free(other);
	unpack_worker_free(NULL);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* A parent that is killed while a worker waits for more bytes, and one that just ends. */
static void test_worker_ends_with_its_parent(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_close_ int blob = make_blob(fixture);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	for (int i = 0; i < 2; i++) {
		int pipe_fds[2];
		pid_t grandchild;
		assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
		pid_t child = fork();
		if (child == 0) {
			struct unpack_worker *worker = start();
			unpack_worker_begin(worker, blob, 0, fixture->dir, LAYER_PLAIN, NULL, NULL);
			grandchild = only_child();
			_exit(fd_write_all(pipe_fds[1], &grandchild, sizeof grandchild) < 0 ||
			      (i == 0 && pause() == 0));
		}
		assert_int_equal(fd_read_full(pipe_fds[0], &grandchild, sizeof grandchild), sizeof grandchild);
		if (i == 0)
			assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, NULL, 0), child);
		alarm(30);
		assert_int_equal(waitpid(grandchild, NULL, 0), grandchild);
		alarm(0);
		fd_close(pipe_fds[0]);
		fd_close(pipe_fds[1]);
	}
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0), 0);
}

/* --- The sandbox, from outside --- */

static char *status_of(pid_t pid)
{
	_cleanup_free_ char *path = mem_printf("/proc/%d/status", pid);
	char *text = NULL;
	assert_int_equal(file_read(AT_FDCWD, path, 1 << 16, &text, NULL, NULL), 0);
	return text;
}

static void assert_status(const char *status, const char *line)
{
	if (!strstr(status, line))
		fail_msg("'%s' is not in:\n%s", line, status);
}

static size_t count_fds(pid_t pid)
{
	_cleanup_free_ char *path = mem_printf("/proc/%d/fd", pid);
	_cleanup_closedir_ DIR *dir = opendir(path);
	size_t n = 0;
	assert_non_null(dir);
	while (readdir(dir))
		n++;
	return n - 2;
}

static void test_what_a_worker_is(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_close_ int secret = open("/etc/passwd", O_RDONLY); /* without O_CLOEXEC even */
	assert_true(secret >= 0);
	_cleanup_unpack_worker_ struct unpack_worker *worker = start();
	_cleanup_close_ int blob = make_blob(fixture);
	/* Once it has ended a job, it has entered its sandbox. */
	assert_int_equal(unpack_worker_begin(worker, blob, fixture->tar.len, fixture->dir, LAYER_PLAIN, NULL, NULL), 0);
	assert_int_equal(unpack_worker_feed(worker, fixture->tar.len, true, NULL), 0);
	assert_int_equal(unpack_worker_finish(worker, &fixture->result, NULL), 0);
	pid_t pid = only_child();
	_cleanup_free_ char *status = status_of(pid);
	/* CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, FSETID 4, SYS_ADMIN 21, MKNOD 27, SETFCAP 31 */
	assert_status(status, "CapPrm:\t000000008820001b\n");
	assert_status(status, "CapEff:\t000000008820001b\n");
	assert_status(status, "CapInh:\t0000000000000000\n");
	assert_status(status, "CapAmb:\t0000000000000000\n");
	assert_status(status, "NoNewPrivs:\t1\n");
	assert_status(status, "Seccomp:\t2\n");
	/* Standard streams, the socket, the eventfd. */
	assert_int_equal(count_fds(pid), 5);
	struct stat ours, its;
	_cleanup_free_ char *net = mem_printf("/proc/%d/ns/net", pid);
	assert_int_equal(stat(net, &its), 0);
	assert_int_equal(stat("/proc/self/ns/net", &ours), 0);
	assert_true(its.st_ino != ours.st_ino);
}

/* --- The sandbox, from inside --- */

/* Each returns 0 if it failed as it should, with the given errno. */
static bool fails(long result, int expected)
{
	return result < 0 && errno == expected;
}

static bool files_are_out_of_reach(int dir)
{
	return fails(open("/etc/passwd", O_RDONLY), ENOENT) && fails(open("/proc/self/mem", O_RDONLY), ENOENT) &&
	       fails(openat(dir, "../outside/canary", O_RDONLY), ENOENT) &&
	       fails(mkdirat(AT_FDCWD, "/x", 0700), EROFS) && fails(open("..", O_WRONLY), EISDIR) &&
	       fails(openat(dir, "../../../../../etc/passwd", O_RDONLY), ENOENT);
}

static bool the_directory_is_usable(int dir)
{
	int fd = openat(dir, "made", O_WRONLY | O_CREAT | O_EXCL, 0600);
	return fd >= 0 && write(fd, "x", 1) == 1 && mkdirat(dir, "directory", 0700) == 0 &&
	       fsetxattr(fd, "trusted.name", "x", 1, 0) == 0 && fchown(fd, 1000, 1000) == 0;
}

/* It may make a device, for that is what layers have, but not use it. */
static bool devices_are_dead(int dir)
{
	return mknodat(dir, "zero", S_IFCHR | 0666, makedev(1, 5)) == 0 && fails(openat(dir, "zero", O_RDONLY), EACCES);
}

static bool calls_are_denied(void)
{
	char *const none[] = { NULL };
	return fails(socket(AF_INET, SOCK_STREAM, 0), ENOSYS) && fails(socket(AF_UNIX, SOCK_STREAM, 0), ENOSYS) &&
	       fails(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0), ENOSYS) && fails(execve("/bin/sh", none, none), ENOSYS) &&
	       fails(ptrace(PTRACE_TRACEME, 0, 0, 0), ENOSYS) && fails(kill(getppid(), 0), ENOSYS) &&
	       fails(mount("none", "/", "tmpfs", 0, NULL), ENOSYS) && fails(unshare(CLONE_NEWUSER), ENOSYS) &&
	       fails(syscall(SYS_bpf, 0, NULL, 0), ENOSYS) && fails(chroot("."), ENOSYS) &&
	       fails(syscall(SYS_open_by_handle_at, -1, NULL, 0), ENOSYS) && fails(fsopen("tmpfs", 0), ENOSYS) &&
	       fails(syscall(SYS_tgkill, 1, 1, 0), ENOSYS);
}

static bool memory_is_not_executable(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return page != MAP_FAILED && fails(mprotect(page, 4096, PROT_READ | PROT_EXEC), ENOSYS) &&
	       mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static int try_in_sandbox(int dir)
{
	struct error err = { 0 };
	int confined = sandbox_confine(dir);
	fd_close(dir);
	if (confined < 0 || sandbox_enter(SANDBOX_UNPACK, &err) < 0)
		return 10;
	if (!files_are_out_of_reach(confined))
		return 11;
	if (!the_directory_is_usable(confined))
		return 12;
	if (!devices_are_dead(confined))
		return 13;
	if (!calls_are_denied())
		return 14;
	return memory_is_not_executable() ? 0 : 15;
}

static void test_what_a_sandbox_leaves(void **state)
{
	struct fixture *fixture = *state;
	pid_t pid = fork();
	if (pid == 0) {
		fd_close(fixture->outside);
		_exit(try_in_sandbox(fixture->dir));
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(process_exit_code(status), 0);
	assert_true(exists(fixture, "made") && exists(fixture, "zero"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_job),
		TEST(test_blob_that_grows),
		TEST(test_stream),
		TEST(test_jobs_one_after_the_other),
		TEST(test_order_of_calls),
		TEST(test_limits_are_passed_on),
		TEST(test_blob_shorter_than_said),
		TEST(test_feeding_never_blocks),
		TEST(test_full_file_system),
		TEST(test_worker_that_dies),
		TEST(test_worker_that_died_before_its_job),
		TEST(test_free_cuts_a_job_off),
		TEST(test_worker_ends_with_its_parent),
		TEST(test_what_a_worker_is),
		TEST(test_what_a_sandbox_leaves),
	};
	return fixture_is_possible() ? cmocka_run_group_tests_name("unpack_worker", tests, NULL, NULL) : 0;
}
