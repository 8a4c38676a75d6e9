/* SPDX-License-Identifier: Apache-2.0 */
/* Processes: started with the fds and signals that were asked for, named so that they cannot be confused. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"

/* Run a shell command as @spawn says; what it writes to standard output comes back in @buf. */
static int run_shell(struct process_spawn spawn, const char *command, char *buf, size_t size)
{
	const char *const argv[] = { "sh", "-c", command, NULL };
	int pair[2], status;
	pid_t pid;
	struct error err = { 0 };
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	spawn.path = "/bin/sh";
	spawn.argv = (char *const *)argv;
	spawn.stdio[1] = pair[1];
	if (process_spawn(&spawn, &pid, &err) < 0)
		fail_msg("%s", err.message);
	fd_close(pair[1]);
	ssize_t n = fd_read_full(pair[0], buf, size - 1);
	buf[MAX(n, (ssize_t)0)] = '\0';
	fd_close(pair[0]);
	assert_int_equal(process_wait(pid, &status, &err), 0);
	return status;
}

static const struct process_spawn PLAIN = { .stdio = { -1, -1, 2 } };

static void test_spawn_and_wait(void **state)
{
	static const struct {
		const char *command;
		int code;
	} rows[] = {
		{ "exit 0", 0 }, { "exit 7", 7 }, { "exit 255", 255 }, { "kill -9 $$", 137 }, { "kill -15 $$", 143 },
	};
	char buf[64];
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(process_exit_code(run_shell(PLAIN, rows[i].command, buf, sizeof buf)), rows[i].code);
}

static void test_streams(void **state)
{
	char buf[256];
	int input[2];
	assert_int_equal(pipe2(input, O_CLOEXEC), 0);
	assert_int_equal(fd_write_all(input[1], "hello\n", 6), 0);
	fd_close(input[1]);
	struct process_spawn spawn = { .stdio = { input[0], -1, -1 } };
	run_shell(spawn, "cat; echo lost >&2; readlink /proc/self/fd/2", buf, sizeof buf);
	assert_string_equal(buf, "hello\n/dev/null\n");
	fd_close(input[0]);
	run_shell(PLAIN, "readlink /proc/self/fd/0", buf, sizeof buf);
	assert_string_equal(buf, "/dev/null\n");
}

/* Only what is to be passed is there, in order, from 3 up; also where the numbers are in each other's way. */
static void test_passed_descriptors(void **state)
{
	static const char list[] = "readlink /proc/$$/fd/3 /proc/$$/fd/4\n"
				   "for fd in 5 6 7 8 9 10 11 12; do test -e /proc/$$/fd/$fd && echo leak $fd; done";
	char buf[256];
	int b = open("/dev/full", O_RDONLY | O_CLOEXEC), a = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	int crossed[] = { a, b }; /* the higher number goes first */
	struct process_spawn spawn = PLAIN;
	spawn.pass_fds = crossed;
	spawn.n_pass_fds = 2;
	run_shell(spawn, list, buf, sizeof buf);
	assert_string_equal(buf, "/dev/zero\n/dev/full\n");
	assert_true(fcntl(a, F_GETFD) & FD_CLOEXEC);
	fd_close(a);
	fd_close(b);

	int many[FD_PASS_MAX + 1] = { 0 };
	struct error err = { 0 };
	pid_t pid = 77;
	spawn.path = "/bin/true";
	spawn.pass_fds = many;
	spawn.n_pass_fds = ARRAY_SIZE(many);
	assert_int_equal(process_spawn(&spawn, &pid, &err), -ERR_INTERNAL);
	assert_int_equal(pid, 77);
}

static void test_environment(void **state)
{
	const char *const env[] = { "A=1", "B=two words", NULL }, *const empty[] = { NULL };
	struct process_spawn spawn = PLAIN;
	char buf[256];
	setenv("OURS", "inherited", 1);
	spawn.envp = (char *const *)env;
	run_shell(spawn, "echo $A,$B,$OURS", buf, sizeof buf);
	assert_string_equal(buf, "1,two words,\n");
	spawn.envp = (char *const *)empty;
	run_shell(spawn, "echo $A,$B,$OURS", buf, sizeof buf);
	assert_string_equal(buf, ",,\n");
	run_shell(PLAIN, "echo $A,$B,$OURS", buf, sizeof buf);
	assert_string_equal(buf, ",,inherited\n");
}

/* Whatever we block or ignore, the program does not. */
static void test_signals_are_the_defaults(void **state)
{
	char buf[256];
	sigset_t all, before;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	run_shell(PLAIN, "grep -E 'SigBlk|SigIgn' /proc/self/status", buf, sizeof buf);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	unsigned long long blocked, ignored;
	assert_int_equal(sscanf(buf, "SigBlk: %llx SigIgn: %llx", &blocked, &ignored), 2);
	assert_int_equal(blocked, 0);
	assert_int_equal(ignored & ~UINT64_C(0x180000000), 0); /* but for the C library's own two, 32 and 33 */
}

static void test_session(void **state)
{
	char buf[64], expected[64];
	struct process_spawn spawn = PLAIN;
	run_shell(spawn, "cut -d' ' -f6 /proc/$$/stat", buf, sizeof buf);
	snprintf(expected, sizeof expected, "%d\n", getsid(0));
	assert_string_equal(buf, expected);
	spawn.new_session = true;
	run_shell(spawn, "test $(cut -d' ' -f6 /proc/$$/stat) = $$ && echo leader", buf, sizeof buf);
	assert_string_equal(buf, "leader\n");
}

static void test_errors_of_exec(void **state)
{
	static const struct {
		const char *path;
		int code;
		const char *message;
	} rows[] = {
		{ "/no/such/program", ERR_NOT_FOUND, "run '/no/such/program': no such file or directory" },
		{ "/etc/passwd", ERR_PERMISSION, "run '/etc/passwd': permission denied" },
		{ "/", ERR_PERMISSION, "run '/': permission denied" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *const argv[] = { "x", NULL };
		struct process_spawn spawn = {
			.path = rows[i].path, .argv = (char *const *)argv, .stdio = { -1, -1, -1 }
		};
		struct error err = { 0 };
		pid_t pid = 77;
		assert_int_equal(process_spawn(&spawn, &pid, &err), -rows[i].code);
		assert_string_equal(err.message, rows[i].message);
		assert_int_equal(pid, 77);
	}
	/* Nor is a child left behind. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	int status = 77;
	struct error err = { 0 };
	assert_int_equal(process_wait(getpid(), &status, &err), -ERR_SYSTEM);
	assert_int_equal(status, 77);
}

/* --- names that stay true --- */

static pid_t sleeping_child(const char *name)
{
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* whatever becomes of the test */
		prctl(PR_SET_NAME, name);
		pause();
	}
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_pidfd_and_signals(void **state)
{
	pid_t pid = sleeping_child("child");
	_cleanup_close_ int pidfd = process_pidfd(pid);
	assert_true(pidfd >= 0);
	assert_true(fcntl(pidfd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(process_signal(pidfd, 0), 0);
	assert_int_equal(process_signal(pidfd, 1000), -EINVAL);
	assert_int_equal(process_signal(pidfd, SIGTERM), 0);
	int status;
	assert_int_equal(process_wait(pid, &status, NULL), 0);
	assert_int_equal(process_exit_code(status), 143);
	assert_int_equal(process_signal(pidfd, SIGTERM), -ESRCH);
	assert_true(process_pidfd(0) < 0);
	assert_true(process_pidfd(-1) < 0);
	assert_true(process_pidfd(pid) < 0);
}

/* A name can hold what separates fields. */
static void test_start_time_with_evil_names(void **state)
{
	static const char *const names[] = { "plain", ") R 1 2 3", "a b", "))((", "x) 1 2", "\n) S" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char letter = '?';
		pid_t pid = sleeping_child(names[i]);
		uint64_t start = 0;
		for (int k = 0; k < 1000 && letter != 'S'; k++) {
			start = process_start_time(pid, &letter);
			usleep(1000);
		}
		assert_int_equal(letter, 'S');
		assert_true(start > 0);
		assert_true(start >= process_start_time(getpid(), NULL));
		assert_true(start < process_start_time(getpid(), NULL) + 100 * 3600);

		_cleanup_close_ int pidfd = process_pidfd_checked(pid, start);
		assert_true(pidfd >= 0);
		assert_int_equal(process_pidfd_checked(pid, start + 1), -ESRCH);
		assert_int_equal(process_pidfd_checked(pid, 0), -ESRCH);
		end_child(pid);
		assert_int_equal(process_start_time(pid, NULL), 0);
		assert_true(process_pidfd_checked(pid, start) < 0);
	}
}

static void test_state_of_a_zombie(void **state)
{
	char letter = '?';
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	siginfo_t info;
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_true(process_start_time(pid, &letter) > 0);
	assert_int_equal(letter, 'Z');
	waitpid(pid, NULL, 0);
	assert_int_equal(process_start_time(0, &letter), 0);
	assert_int_equal(process_start_time(-1, &letter), 0);
	assert_int_equal(process_start_time(INT32_MAX, &letter), 0);
	assert_int_equal(letter, 'Z');
}

static void test_path_of_helpers(void **state)
{
	/* This program lies beside itself; nothing else does. */
	_cleanup_free_ char *beside = process_helper_path("test_process");
	assert_true(str_ends_with(beside, "/test_process"));
	assert_int_equal(access(beside, X_OK), 0);
	_cleanup_free_ char *installed = process_helper_path("no-such-helper");
	assert_string_equal(installed, LIBEXECDIR "/no-such-helper");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spawn_and_wait),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_passed_descriptors),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_signals_are_the_defaults),
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_errors_of_exec),
		cmocka_unit_test(test_pidfd_and_signals),
		cmocka_unit_test(test_start_time_with_evil_names),
		cmocka_unit_test(test_state_of_a_zombie),
		cmocka_unit_test(test_path_of_helpers),
	};
	fd_cloexec_from(3); /* what our caller left open is no business of the programs here */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
