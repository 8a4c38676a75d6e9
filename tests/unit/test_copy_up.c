/* SPDX-License-Identifier: Apache-2.0 */
/* The copy that a tmpfs begins with: what cannot be copied, and what must not be followed. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "runtime/copy-up.h"

struct place {
	char path[32];
	int dir, from, to;
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof *place);
	snprintf(place->path, sizeof place->path, "/tmp/coffer-test-XXXXXX");
	assert_non_null(mkdtemp(place->path));
	place->dir = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(place->dir, "from", 0755), 0);
	assert_int_equal(mkdirat(place->dir, "to", 0755), 0);
	place->from = openat(place->dir, "from", O_PATH | O_CLOEXEC);
	place->to = openat(place->dir, "to", O_PATH | O_CLOEXEC);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;
	close(place->from);
	close(place->to);
	close(place->dir);
	path_remove_tree(AT_FDCWD, place->path);
	free(place);
	return 0;
}

static void put(int dir, const char *name, const char *text, mode_t mode)
{
	_cleanup_close_ int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(fchmod(fd, mode), 0);
}

static void test_files_and_links(void **state)
{
	const struct place *place = *state;
	struct stat st;
	char text[16] = "";
	put(place->from, "file", "content", 0640);
	put(place->dir, "outside", "secret", 0600);
	assert_int_equal(symlinkat("../outside", place->from, "link"), 0);
	assert_int_equal(mkdirat(place->from, "sub", 0700), 0);
	assert_int_equal(mkfifoat(place->from, "sub/fifo", 0600), 0);
	assert_int_equal(copy_up(place->from, place->to, "/data", NULL), 0);
	assert_int_equal(fstatat(place->to, "file", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	assert_int_equal(st.st_size, 7);
	assert_int_equal(readlinkat(place->to, "link", text, sizeof text), 10);
	assert_int_equal(fstatat(place->to, "sub/fifo", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(fstatat(place->to, "sub", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

/* Set-user-ID and attributes survive the change of the owner. */
static void test_owner_before_mode(void **state)
{
	const struct place *place = *state;
	struct stat st;
	char value[8] = "";
	if (geteuid() != 0)
		skip();
	put(place->from, "program", "", 04711);
	_cleanup_close_ int file = openat(place->from, "program", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fchown(file, 7, 8), 0);
	assert_int_equal(fchmod(file, 04711), 0);
	bool attributes = fsetxattr(file, "trusted.test", "value", 5, 0) == 0;
	assert_int_equal(copy_up(place->from, place->to, "/data", NULL), 0);
	_cleanup_close_ int copy = openat(place->to, "program", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fstat(copy, &st), 0);
	assert_int_equal(st.st_mode & 07777, 04711);
	assert_int_equal(st.st_uid, 7);
	assert_int_equal(st.st_gid, 8);
	if (attributes)
		assert_int_equal(fgetxattr(copy, "trusted.test", value, sizeof value), 5);
}

/* What the umask takes away is set afterwards. */
static void test_nodes(void **state)
{
	const struct place *place = *state;
	struct stat st;
	const struct timespec times[] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000001 } };
	assert_int_equal(mkfifoat(place->from, "fifo", 0600), 0);
	assert_int_equal(fchmodat(place->from, "fifo", 0666, 0), 0);
	assert_int_equal(utimensat(place->from, "fifo", times, 0), 0);
	assert_int_equal(mknodat(place->from, "socket", S_IFSOCK | 0640, 0), 0);
	assert_int_equal(copy_up(place->from, place->to, "/data", NULL), 0);
	assert_int_equal(fstatat(place->to, "fifo", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode, S_IFIFO | 0666);
	assert_int_equal(st.st_mtim.tv_sec, 1000000001);
	assert_int_equal(fstatat(place->to, "socket", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0640);
}

/* Whoever has the directory open puts a link in the node's place as soon as it is there. */
static void swap_nodes(int to)
{
	struct stat st;
	for (;;)
		if (fstatat(to, "fifo", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISFIFO(st.st_mode) &&
		    unlinkat(to, "fifo", 0) == 0 && symlinkat("../outside", to, "fifo") < 0)
			_exit(1);
}

static void test_nodes_become_links(void **state)
{
	const struct place *place = *state;
	struct stat st;
	put(place->dir, "outside", "secret", 0600);
	assert_int_equal(mkfifoat(place->from, "fifo", 0600), 0);
	assert_int_equal(fchmodat(place->from, "fifo", 0666, 0), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		swap_nodes(place->to);
	for (int i = 0; i < 2000; i++) {
		(void)copy_up(place->from, place->to, "/data", NULL);
		(void)unlinkat(place->to, "fifo", 0);
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(fstatat(place->dir, "outside", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
}

static void test_too_deep(void **state)
{
	const struct place *place = *state;
	struct error err = { 0 };
	int dir = dup(place->from);
	for (int i = 0; i < 120; i++) {
		assert_int_equal(mkdirat(dir, "d", 0755), 0);
		int next = openat(dir, "d", O_PATH | O_CLOEXEC);
		close(dir);
		dir = next;
	}
	close(dir);
	assert_int_equal(copy_up(place->from, place->to, "/data", &err), -ERR_SYSTEM);
	assert_true(str_starts_with(err.message, "copy '/data/d/d/d"));
	assert_true(str_ends_with(err.message, ": too many levels of symbolic links"));
}

static void test_what_is_there_already(void **state)
{
	const struct place *place = *state;
	struct error err = { 0 };
	put(place->from, "file", "new", 0600);
	put(place->to, "file", "old", 0600);
	assert_true(copy_up(place->from, place->to, "/data", &err) < 0);
	assert_string_equal(err.message, "copy '/data/file': file exists");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_files_and_links, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_owner_before_mode, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nodes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nodes_become_links, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_too_deep, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_there_already, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
