/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel settings: the two ways to write a key, and writing them to a procfs that is one. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/procfs.h"
#include "runtime/sysctl.h"

static void test_normalize(void **state)
{
	static const char *const rows[][2] = {
		{ "net.ipv4.ip_forward", "net.ipv4.ip_forward" },
		{ "net/ipv4/ip_forward", "net.ipv4.ip_forward" },
		{ "net.ipv4.conf.eth0/1.forwarding", "net.ipv4.conf.eth0/1.forwarding" },
		{ "net/ipv4/conf/eth0.1/forwarding", "net.ipv4.conf.eth0/1.forwarding" },
		{ "kernel", "kernel" },
		{ "", "" },
		{ "/a.b", ".a/b" },
		{ ".a/b", ".a/b" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *key = sysctl_normalize(rows[i][0]);
		assert_string_equal(key, rows[i][1]);
	}
}

/* In a child with names of its own. Returns its exit status. */
static int in_own_uts_namespace(int (*body)(int proc))
{
	int status = -1;
	pid_t pid = fork();
	if (pid == 0) {
		_cleanup_close_ int proc = procfs_open(NULL);
		_exit(unshare(CLONE_NEWUTS) < 0 ? 77 : body(proc));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

static int apply_names(int proc)
{
	static const char *const settings[] = { "kernel.hostname", "first", "kernel/domainname", "second", NULL };
	struct utsname names;
	if (sysctl_apply((char *const *)settings, proc, NULL) < 0 || uname(&names) < 0)
		return 1;
	return streq(names.nodename, "first") && streq(names.domainname, "second") ? 0 : 2;
}

static int apply_until_one_fails(int proc)
{
	static const char *const settings[] = { "kernel.hostname", "set", "kernel.nosuch", "x", "kernel.domainname",
						"not set", NULL };
	struct error err = { 0 };
	struct utsname names;
	if (sysctl_apply((char *const *)settings, proc, &err) != -ERR_SYSCTL ||
	    !streq(err.message, "set sysctl \"kernel.nosuch\" to \"x\": no such file or directory"))
		return 1;
	return uname(&names) == 0 && streq(names.nodename, "set") && !streq(names.domainname, "not set") ? 0 : 2;
}

static void test_apply(void **state)
{
	if (in_own_uts_namespace(apply_names) == 77)
		skip(); /* no right to a namespace */
	assert_int_equal(in_own_uts_namespace(apply_names), 0);
	assert_int_equal(in_own_uts_namespace(apply_until_one_fails), 0);
	assert_int_equal(sysctl_apply(NULL, -1, NULL), 0);
}

/* --- what procfs writes go through --- */

static void test_writes_stay_in_procfs(void **state)
{
	static const struct {
		const char *path;
		int error;
	} rows[] = {
		{ "sys/kernel/nosuch", ENOENT },
		{ "self/comm", ELOOP },		 /* a link: thread-self is opened before, by whoever means it */
		{ "../etc/passwd", EXDEV },
		{ "/sys/kernel/hostname", EXDEV },
		{ "sys/../../etc/passwd", EXDEV },
		{ "1/root/etc/passwd", ELOOP },
		{ "", ENOENT },
	};
	_cleanup_close_ int proc = procfs_open(NULL);
	assert_true(proc >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(procfs_write(proc, rows[i].path, "x"), -rows[i].error);
}

/* A directory that only looks like it. */
static void test_writes_to_what_is_no_procfs(void **state)
{
	char top[] = "/tmp/test-sysctl-XXXXXX", content[8] = "";
	assert_non_null(mkdtemp(top));
	_cleanup_close_ int dir = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(dir, "sys", 0755), 0);
	fd_close(openat(dir, "sys/key", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	assert_int_equal(procfs_write(dir, "sys/key", "x"), -EXDEV);
	assert_int_equal(file_read_line(dir, "sys/key", content, sizeof content), 0);
	assert_int_equal(path_remove_tree(AT_FDCWD, top), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_normalize),
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_writes_stay_in_procfs),
		cmocka_unit_test(test_writes_to_what_is_no_procfs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
