/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces: their names, opening one by its path, and the process that is born into them. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/namespace-join.h"
#include "runtime/spec.h"

static void test_names(void **state)
{
	static const struct {
		const char *spec, *proc;
		int flag;
	} rows[NAMESPACE_COUNT] = {
		[NAMESPACE_USER] = { "user", "user", CLONE_NEWUSER },
		[NAMESPACE_MOUNT] = { "mount", "mnt", CLONE_NEWNS },
		[NAMESPACE_PID] = { "pid", "pid", CLONE_NEWPID },
		[NAMESPACE_NETWORK] = { "network", "net", CLONE_NEWNET },
		[NAMESPACE_UTS] = { "uts", "uts", CLONE_NEWUTS },
		[NAMESPACE_IPC] = { "ipc", "ipc", CLONE_NEWIPC },
		[NAMESPACE_CGROUP] = { "cgroup", "cgroup", CLONE_NEWCGROUP },
		[NAMESPACE_TIME] = { "time", "time", 0x80 },
	};
	for (int type = 0; type < NAMESPACE_COUNT; type++) {
		assert_string_equal(namespace_spec_name(type), rows[type].spec);
		assert_string_equal(namespace_proc_name(type), rows[type].proc);
		assert_int_equal(namespace_clone_flag(type), rows[type].flag);
	}
}

/* --- opening --- */

static void test_open_by_type(void **state)
{
	for (int type = 0; type < NAMESPACE_COUNT; type++) {
		_cleanup_free_ char *path = mem_printf("/proc/self/ns/%s", namespace_proc_name(type));
		for (int wanted = 0; wanted < NAMESPACE_COUNT; wanted++) {
			struct error err = { 0 };
			_cleanup_close_ int fd = namespace_open(path, wanted, &err);
			if (wanted == type) {
				assert_true(fd >= 0);
				assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
				continue;
			}
			_cleanup_free_ char *message = mem_printf("'%s' is a %s namespace, a %s namespace is wanted",
								  path, namespace_spec_name(type),
								  namespace_spec_name(wanted));
			assert_int_equal(fd, -ERR_SPEC);
			assert_string_equal(err.message, message);
		}
	}
}

static void test_open_what_is_none(void **state)
{
	static const char *const rows[][2] = {
		{ "/no/such/file", "open pid namespace '/no/such/file': no such file or directory" },
		{ "/etc/passwd", "'/etc/passwd' is not a namespace, a pid namespace is wanted" },
		{ "/dev/null", "'/dev/null' is not a namespace, a pid namespace is wanted" },
		{ "/", "'/' is not a namespace, a pid namespace is wanted" },
		{ "/proc/self/ns", "'/proc/self/ns' is not a namespace, a pid namespace is wanted" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = { 0 };
		assert_int_equal(namespace_open(rows[i][0], NAMESPACE_PID, &err), -ERR_SPEC);
		assert_string_equal(err.message, rows[i][1]);
	}
}

/* --- the process --- */

/* Whether the child, which waits at the other end of @go, has our namespace of this type. */
static bool is_shared(pid_t pid, enum namespace_type type)
{
	_cleanup_free_ char *ours = mem_printf("/proc/self/ns/%s", namespace_proc_name(type));
	_cleanup_free_ char *theirs = mem_printf("/proc/%d/ns/%s", pid, namespace_proc_name(type));
	struct stat a, b;
	assert_int_equal(stat(ours, &a), 0);
	assert_int_equal(stat(theirs, &b), 0);
	return a.st_ino == b.st_ino;
}

static pid_t clone_waiting(const struct spec *spec, int *ret_pidfd, int *ret_go)
{
	int pair[2];
	char byte;
	struct error err = { 0 };
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	bool in_cgroup;
	_cleanup_(namespace_fds_close) struct namespace_fds namespaces = NAMESPACE_FDS_NONE;
	assert_int_equal(namespace_fds_open(spec, &namespaces, &err), 0);
	pid_t pid = namespace_clone(spec, &namespaces, -1, ret_pidfd, &in_cgroup, &err);
	if (pid == 0) {
		close(pair[1]);
		_exit(read(pair[0], &byte, 1) == 0 ? 42 : 1);
	}
	close(pair[0]);
	*ret_go = pair[1];
	if (pid < 0)
		print_message("%s\n", err.message);
	return pid;
}

static void let_go(pid_t pid, int go)
{
	int status;
	fd_close(go);
	assert_int_equal(process_wait(pid, &status, NULL), 0);
	assert_int_equal(process_exit_code(status), 42);
}

/* Each alone: it is new, and the others are ours. The cgroup's follows later, in the process itself. */
static void test_new_ones(void **state)
{
	static const enum namespace_type types[] = { NAMESPACE_MOUNT, NAMESPACE_PID, NAMESPACE_NETWORK,
						     NAMESPACE_UTS,   NAMESPACE_IPC, NAMESPACE_USER };
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct spec spec = { 0 };
		int pidfd = -1, go = -1;
		spec.namespaces[types[i]].listed = true;
		pid_t pid = clone_waiting(&spec, &pidfd, &go);
		if (pid < 0 && types[i] == NAMESPACE_USER)
			continue; /* an outer sandbox may allow none */
		assert_true(pid > 0);
		for (int type = 0; type < NAMESPACE_COUNT; type++)
			assert_int_equal(is_shared(pid, type), type != (int)types[i]);
		assert_int_equal(process_signal(pidfd, 0), 0);
		let_go(pid, go);
		fd_close(pidfd);
	}
}

/* Whatever becomes of the test, its processes end with it. */
static pid_t fork_for_life(void)
{
	pid_t pid = fork();
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* A pid namespace begins with its holder's child, and that says when it has begun. */
static pid_t hold_namespaces(int flags)
{
	int ready[2];
	char byte;
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t pid = fork_for_life();
	if (pid == 0) {
		if (unshare(flags) < 0)
			_exit(1);
		if (fork_for_life() == 0)
			(void)!write(ready[1], "", 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

/* Through an intermediate, which leaves no trace: the process is our own child. */
static void test_join_by_path(void **state)
{
	if (geteuid() != 0)
		skip();
	pid_t holder = hold_namespaces(CLONE_NEWPID | CLONE_NEWUTS);
	_cleanup_free_ char *path = mem_printf("/proc/%d/ns/pid_for_children", holder);
	struct spec spec = { 0 };
	struct stat wanted, got;
	int pidfd = -1, go = -1;
	spec.namespaces[NAMESPACE_PID] = (struct spec_namespace){ .listed = true, .path = path };
	spec.namespaces[NAMESPACE_IPC].listed = true;
	pid_t pid = clone_waiting(&spec, &pidfd, &go);
	assert_true(pid > 0);
	_cleanup_free_ char *theirs = mem_printf("/proc/%d/ns/pid", pid);
	assert_int_equal(stat(path, &wanted), 0);
	assert_int_equal(stat(theirs, &got), 0);
	assert_int_equal(wanted.st_ino, got.st_ino);
	assert_false(is_shared(pid, NAMESPACE_IPC));
	assert_true(is_shared(pid, NAMESPACE_UTS));
	let_go(pid, go);
	fd_close(pidfd);
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void test_open_all_or_none(void **state)
{
	char fine[] = "/proc/self/ns/ipc", missing[] = "/no/such/namespace", wrong[] = "/proc/self/ns/net";
	struct spec spec = { 0 };
	struct error err = { 0 };
	struct namespace_fds namespaces = NAMESPACE_FDS_NONE;
	spec.namespaces[NAMESPACE_IPC] = (struct spec_namespace){ .listed = true, .path = fine };
	spec.namespaces[NAMESPACE_TIME] = (struct spec_namespace){ .listed = true, .path = missing };
	assert_int_equal(namespace_fds_open(&spec, &namespaces, &err), -ERR_SPEC);
	assert_string_equal(err.message, "open time namespace '/no/such/namespace': no such file or directory");
	assert_int_equal(namespaces.fds[NAMESPACE_IPC], -1);
	spec.namespaces[NAMESPACE_TIME].path = wrong;
	assert_int_equal(namespace_fds_open(&spec, &namespaces, &err), -ERR_SPEC);
	assert_string_equal(err.message, "'/proc/self/ns/net' is a network namespace, a time namespace is wanted");
	spec.namespaces[NAMESPACE_TIME].path = NULL;
	assert_int_equal(namespace_fds_open(&spec, &namespaces, &err), 0);
	for (int type = 0; type < NAMESPACE_COUNT; type++)
		assert_int_equal(namespaces.fds[type] >= 0, type == NAMESPACE_IPC);
	namespace_fds_close(&namespaces);
}

/* Joining our own user namespace is refused by the kernel: what the intermediate says of it reaches us. */
static void test_errors_of_the_intermediate(void **state)
{
	char own[] = "/proc/self/ns/user";
	struct spec spec = { 0 };
	struct error err = { 0 };
	struct namespace_fds namespaces = NAMESPACE_FDS_NONE;
	int pidfd = -77;
	bool in_cgroup = false;
	spec.namespaces[NAMESPACE_USER] = (struct spec_namespace){ .listed = true, .path = own };
	assert_int_equal(namespace_fds_open(&spec, &namespaces, &err), 0);
	assert_int_equal(namespace_clone(&spec, &namespaces, -1, &pidfd, &in_cgroup, &err), -ERR_SPEC);
	assert_string_equal(err.message, "join user namespace '/proc/self/ns/user': invalid argument");
	assert_int_equal(pidfd, -77);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	namespace_fds_close(&namespaces);
}

/* --- those of a process --- */

/* One that waits in a UTS namespace of its own, and ends with @release's other end. */
static pid_t waiting_child(int *ret_release)
{
	int ready[2], release[2];
	char byte;
	assert_int_equal(pipe2(ready, O_CLOEXEC) + pipe2(release, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(release[1]);
		_exit(unshare(CLONE_NEWUTS) < 0 || write(ready[1], "", 1) != 1 || read(release[0], &byte, 1) != 0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(release[0]);
	*ret_release = release[1];
	return pid;
}

/* Whoever would join what is left of one that has ended would be on the host. */
static void test_foreign(void **state)
{
	struct error err = { 0 };
	siginfo_t info;
	int release, proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pid_t pid = waiting_child(&release);
	const struct container container = { .id = (char *)"ended", .pid = pid };
	_cleanup_close_ int pidfd = process_pidfd(pid);
	assert_int_equal(namespace_foreign(proc, &container, pidfd, &err), CLONE_NEWUTS);
	close(release);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(namespace_foreign(proc, &container, pidfd, &err), -ERR_STATE);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(namespace_foreign(proc, &container, pidfd, &err), -ERR_STATE);
	assert_string_equal(err.message, "container 'ended' has just ended");
	/* The number is somebody else's. */
	const struct container another = { .id = (char *)"ended", .pid = getpid() };
	assert_int_equal(namespace_foreign(proc, &another, pidfd, &err), -ERR_STATE);
	close(proc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_open_by_type),
		cmocka_unit_test(test_open_what_is_none),
		cmocka_unit_test(test_new_ones),
		cmocka_unit_test(test_join_by_path),
		cmocka_unit_test(test_open_all_or_none),
		cmocka_unit_test(test_errors_of_the_intermediate),
		cmocka_unit_test(test_foreign),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
