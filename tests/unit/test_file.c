/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files: read with a ceiling, replaced at once, locked. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/random.h"
#include "base/str.h"
#include "base/util.h"

/* A directory of our own, as an fd; its path is needed only to remove it. */
static char top[] = "/tmp/test-file-XXXXXX";

static int set_up(void **state)
{
	static int dir;
	str_copy(top, sizeof top, "/tmp/test-file-XXXXXX");
	assert_non_null(mkdtemp(top));
	dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = &dir;
	return dir < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	fd_close(*(int *)*state);
	return path_remove_tree(AT_FDCWD, top);
}

static size_t count_entries(int dir)
{
	_cleanup_closedir_ DIR *entries = fdopendir(openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	size_t count = 0;
	for (struct dirent *entry; (entry = readdir(entries));)
		count += !streq(entry->d_name, ".") && !streq(entry->d_name, "..");
	return count;
}

static void assert_content(int dir, const char *name, const char *content)
{
	_cleanup_free_ char *text = NULL;
	assert_int_equal(file_read(dir, name, 1 << 20, &text, NULL, NULL), 0);
	assert_string_equal(text, content);
}

static void test_read(void **state)
{
	int dir = *(int *)*state;
	struct error err = { 0 };
	char *text = NULL;
	size_t len = 77;
	assert_int_equal(file_write_atomic(dir, "f", "12345", 5, 0600, 0, &err), 0);
	assert_int_equal(file_read(dir, "f", 5, &text, &len, &err), 0);
	assert_string_equal(text, "12345");
	assert_int_equal(len, 5);
	free(text);
	text = NULL;
	assert_int_equal(file_read(dir, "f", 4, &text, NULL, &err), -ERR_INVALID);
	assert_string_equal(err.message, "f is larger than 4 bytes");
	assert_int_equal(file_read(dir, "missing", 4, &text, NULL, &err), -ERR_NOT_FOUND);
	assert_string_equal(err.message, "open 'missing': no such file or directory");
	assert_int_equal(file_read(dir, ".", 4, &text, NULL, &err), -ERR_SYSTEM);
	assert_null(text);
}

static void test_lines_of_kernel_files(void **state)
{
	int dir = *(int *)*state;
	char buf[8];
	static const struct {
		const char *content, *line;
	} rows[] = {
		{ "", "" },	   { "\n", "" },      { "max\n", "max" }, { "max", "max" },
		{ "a\nb\n", "a" }, { "1234567\n", "1234567" }, { "12345678\n", "1234567" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(file_write_atomic(dir, "f", rows[i].content, strlen(rows[i].content), 0600, 0, NULL), 0);
		assert_int_equal(file_read_line(dir, "f", buf, sizeof buf), strlen(rows[i].line));
		assert_string_equal(buf, rows[i].line);
	}
	assert_int_equal(file_read_line(dir, "missing", buf, sizeof buf), -ENOENT);
	assert_int_equal(file_read_line(dir, ".", buf, sizeof buf), -EISDIR);
	assert_true(file_read_line(AT_FDCWD, "/proc/self/comm", buf, sizeof buf) > 0);

	assert_int_equal(file_write_line(dir, "f", "new"), 0);
	assert_content(dir, "f", "new45678\n"); /* one write(), as kernel files want it; nothing is cut off or made */
	assert_int_equal(file_write_line(dir, "missing", "new"), -ENOENT);
	assert_int_equal(file_write_line(AT_FDCWD, "/dev/full", "new"), -ENOSPC);
}

static void test_replace(void **state)
{
	int dir = *(int *)*state;
	struct stat st;
	struct error err = { 0 };
	umask(022);
	assert_int_equal(file_write_atomic(dir, "f", "old", 3, 0600, FILE_SYNC, &err), 0);
	_cleanup_close_ int reader = openat(dir, "f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(file_write_atomic(dir, "f", "newer", 5, 0644, FILE_SYNC, &err), 0);
	assert_content(dir, "f", "newer");
	char buf[8] = "";
	assert_int_equal(fd_read_full(reader, buf, sizeof buf - 1), 3); /* who had it open still sees the old one */
	assert_string_equal(buf, "old");
	assert_int_equal(fstatat(dir, "f", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644);

	/* A link is replaced, not written through. */
	assert_int_equal(symlinkat("f", dir, "link"), 0);
	assert_int_equal(file_write_atomic(dir, "link", "", 0, 0600, 0, &err), 0);
	assert_content(dir, "f", "newer");
	assert_content(dir, "link", "");
	assert_int_equal(count_entries(dir), 2);
}

/* Whatever fails, no half of a file stays behind. */
static void test_failed_replace_leaves_nothing(void **state)
{
	int dir = *(int *)*state;
	struct error err = { 0 };
	assert_int_equal(mkdirat(dir, "directory", 0700), 0);
	assert_true(file_write_atomic(dir, "directory", "x", 1, 0600, 0, &err) < 0);
	assert_string_equal(err.message, "put 'directory' in place: is a directory");
	assert_int_equal(count_entries(dir), 1);
	assert_true(file_write_atomic(dir, "missing/f", "x", 1, 0600, 0, &err) < 0);
	assert_int_equal(count_entries(dir), 1);
	assert_true(file_write_atomic(-1, "f", "x", 1, 0600, 0, &err) < 0);
	assert_string_equal(err.message, "make 'f': bad file descriptor");
}

static void test_locks(void **state)
{
	int dir = *(int *)*state;
	struct error err = { 0 };
	struct stat st;
	int first = file_lock(dir, "lock", true, true, &err);
	assert_true(first >= 0);
	assert_true(fcntl(first, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fstatat(dir, "lock", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(file_lock(dir, "lock", true, false, &err), -ERR_BUSY);
	assert_int_equal(file_lock(dir, "lock", false, false, &err), -ERR_BUSY);
	assert_string_equal(err.message, "'lock' is locked by another process");
	fd_close(first);

	int a = file_lock(dir, "lock", false, false, &err), b = file_lock(dir, "lock", false, false, &err);
	assert_true(a >= 0 && b >= 0);
	assert_int_equal(file_lock(dir, "lock", true, false, &err), -ERR_BUSY);
	fd_close(a);
	fd_close(b);

	assert_int_equal(symlinkat("elsewhere", dir, "link"), 0);
	assert_true(file_lock(dir, "link", true, false, &err) < 0);
	assert_int_equal(faccessat(dir, "elsewhere", F_OK, 0), -1);
}

/* The lock goes with the process that holds it, however it ends. */
static void test_lock_of_a_dead_process(void **state)
{
	int dir = *(int *)*state, pair[2];
	char byte;
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* whatever becomes of the test */
		int fd = file_lock(dir, "lock", true, true, NULL);
		(void)!write(pair[1], "", fd >= 0);
		pause();
	}
	assert_int_equal(read(pair[0], &byte, 1), 1);
	assert_int_equal(file_lock(dir, "lock", true, false, NULL), -ERR_BUSY);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	_cleanup_close_ int fd = file_lock(dir, "lock", true, false, NULL);
	assert_true(fd >= 0);
	fd_close(pair[0]);
	fd_close(pair[1]);
}

static void test_random_ids(void **state)
{
	char a[ID_HEX_LENGTH + 1], b[ID_HEX_LENGTH + 1];
	random_id(a);
	random_id(b);
	assert_int_equal(strlen(a), ID_HEX_LENGTH);
	assert_int_equal(strspn(a, "0123456789abcdef"), ID_HEX_LENGTH);
	assert_string_not_equal(a, b);
	assert_true(random_u64() != random_u64());
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIR(test_read),
		WITH_DIR(test_lines_of_kernel_files),
		WITH_DIR(test_replace),
		WITH_DIR(test_failed_replace_leaves_nothing),
		WITH_DIR(test_locks),
		WITH_DIR(test_lock_of_a_dead_process),
		cmocka_unit_test(test_random_ids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
