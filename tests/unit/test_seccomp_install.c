/* SPDX-License-Identifier: Apache-2.0 */
/* Filters in force: children that really make the calls. */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/capability-default.h"
#include "runtime/seccomp.h"
#include "seccomp-profiles.h"

enum { DIED_OF = 1000 }; /* + signal */

/* Runs @body behind @filter in a child. Returns its exit status, or DIED_OF + the signal. */
static int behind(const struct seccomp_filter *filter, int (*body)(void))
{
	pid_t pid = fork();
	if (pid == 0) {
		struct error err = { 0 };
		signal(SIGSYS, SIG_DFL); /* cmocka's handler would go on with the tests */
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (seccomp_install(filter, NULL, &err) < 0) {
			fprintf(stderr, "# %s\n", err.message);
			_exit(99);
		}
		_exit(body());
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? DIED_OF + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The error of a call, or 0. */
static int error_of(long result)
{
	return result < 0 ? errno : 0;
}

#define EXPECT(call, error)                                                                   \
	do {                                                                                  \
		int is_ = error_of(call);                                                     \
		if (is_ != (error)) {                                                         \
			fprintf(stderr, "# " #call ": error %d instead of %d\n", is_, error); \
			return 1;                                                             \
		}                                                                             \
	} while (0)

static int make_calls_of_a_container(void)
{
	char status[4096];
	EXPECT(syscall(SYS_getpid), 0);
	EXPECT(mount("none", "/nowhere", "tmpfs", 0, NULL), EPERM);
	EXPECT(unshare(CLONE_NEWUSER), EPERM);
	EXPECT(unshare(CLONE_NEWNS), EPERM);
	EXPECT(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0), EPERM);
	EXPECT(syscall(SYS_clone3, NULL, 0), ENOSYS);
	EXPECT(syscall(425 /* io_uring_setup */, 1, NULL), EPERM);
	EXPECT(syscall(SYS_bpf, 0, NULL, 0), EPERM);
	EXPECT(syscall(SYS_keyctl, 0, 0, 0, 0, 0), EPERM);
	EXPECT(socket(AF_VSOCK, SOCK_STREAM, 0), EPERM);
	EXPECT(syscall(SYS_socket, AF_VSOCK | 1ul << 32, SOCK_STREAM, 0), EPERM);
	EXPECT(socket(AF_ALG, SOCK_SEQPACKET, 0), EPERM);
	EXPECT(socket(AF_UNIX, SOCK_STREAM, 0), 0);
	EXPECT(syscall(SYS_personality, 0xffffffff), 0);
	EXPECT(syscall(SYS_personality, 0x40000), EPERM);
	EXPECT(syscall(600), ENOSYS);
	EXPECT(syscall(100000), ENOSYS);
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd_read_full(fd, status, sizeof status - 1);
	status[MAX(n, 0)] = '\0';
	return strstr(status, "\nSeccomp:\t2\n") ? 0 : 2;
}

static void test_default_profile_in_force(void **state)
{
	struct seccomp_filter filter = prepare_default(capability_default());
	assert_int_equal(behind(&filter, make_calls_of_a_container), 0);
	seccomp_filter_done(&filter);
}

/* file_getattr() of Linux 6.17: newer than the profile, so it is not there, whatever the kernel has. */
static int call_newer(void)
{
	EXPECT(syscall(468, -1, NULL, NULL, 0, 0), ENOSYS);
	return 0;
}

static void test_newer_call_in_force(void **state)
{
	if (error_of(syscall(468, -1, NULL, NULL, 0, 0)) == ENOSYS)
		skip();
	struct seccomp_filter filter = prepare_default(capability_default());
	assert_int_equal(behind(&filter, call_newer), 0);
	seccomp_filter_done(&filter);
}

static int call_chdir(void)
{
	return error_of(chdir("/"));
}

static void test_actions_in_force(void **state)
{
	static const struct {
		const char *action;
		int outcome;
	} cases[] = {
		{ "'SCMP_ACT_ALLOW'", 0 },
		{ "'SCMP_ACT_LOG'", 0 },
		{ "'SCMP_ACT_ERRNO','errnoRet':7", 7 },
		{ "'SCMP_ACT_TRACE'", ENOSYS }, /* nobody traces */
		{ "'SCMP_ACT_KILL'", DIED_OF + SIGSYS },
		{ "'SCMP_ACT_KILL_PROCESS'", DIED_OF + SIGSYS },
		{ "'SCMP_ACT_TRAP'", DIED_OF + SIGSYS },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = mem_printf("{'defaultAction':'SCMP_ACT_ALLOW','flags':["
						       "'SECCOMP_FILTER_FLAG_TSYNC'],'syscalls':"
						       "[{'names':['chdir'],'action':%s}]}",
						       cases[i].action);
		struct seccomp_filter filter = prepare_text(text);
		assert_int_equal(behind(&filter, call_chdir), cases[i].outcome);
		seccomp_filter_done(&filter);
	}
}

#if defined(__x86_64__)
static int call_x32(void)
{
	return error_of(syscall(0x40000000 | SYS_getpid));
}

static long call_by_interrupt(long number, long argument)
{
	long result;
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(argument) : "memory", "cc");
	return result;
}

static int call_i386_getpid(void)
{
	return call_by_interrupt(20, 0) > 0 ? 0 : 1;
}

static int call_i386_unshare(void)
{
	return (int)-call_by_interrupt(310, CLONE_NEWUSER);
}

static void test_other_architectures_in_force(void **state)
{
	static const char only_native[] = "{'defaultAction':'SCMP_ACT_ALLOW'}";
	struct seccomp_filter native = prepare_text(only_native), standard = prepare_default(capability_default());
	assert_int_equal(behind(&native, call_x32), DIED_OF + SIGSYS);
	struct seccomp_filter all =
		prepare_text("{'defaultAction':'SCMP_ACT_ALLOW','architectures':['SCMP_ARCH_X86','SCMP_ARCH_X32']}");
	/* A kernel without 32-bit support answers int 0x80 by a fault. */
	if (behind(&all, call_i386_getpid) == 0) {
		assert_int_equal(behind(&native, call_i386_getpid), DIED_OF + SIGSYS);
		assert_int_equal(behind(&standard, call_i386_getpid), 0);
		assert_int_equal(behind(&standard, call_i386_unshare), EPERM);
	}
	seccomp_filter_done(&native);
	seccomp_filter_done(&standard);
	seccomp_filter_done(&all);
}
#endif

static void ask_supervisor(int sock, const struct seccomp_filter *filter)
{
	struct error err = { 0 };
	int listener = -1;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (seccomp_install(filter, &listener, &err) < 0 || listener < 0)
		_exit(1);
	if (fd_send(sock, "x", 1, &listener, 1) < 0)
		_exit(2);
	_exit(syscall(SYS_getppid) == 4242 ? 0 : 3);
}

static void test_notification(void **state)
{
	int socks[2], listener, status;
	struct seccomp_filter filter = prepare_text("{'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/x','syscalls':"
						    "[{'names':['getppid'],'action':'SCMP_ACT_NOTIFY'}]}");
	assert_true(filter.notifies);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks), 0);
	pid_t pid = fork();
	if (pid == 0)
		ask_supervisor(socks[1], &filter);
	fd_close(socks[1]);

	char byte;
	size_t n_fds = 0;
	assert_int_equal(fd_receive(socks[0], &byte, 1, &listener, 1, &n_fds), 1);
	assert_int_equal(n_fds, 1);
	struct seccomp_notif request = { 0 };
	assert_int_equal(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request), 0);
	assert_int_equal(request.data.nr, SYS_getppid);
	struct seccomp_notif_resp answer = { .id = request.id, .val = 4242 };
	assert_int_equal(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	fd_close(listener);
	fd_close(socks[0]);
	seccomp_filter_done(&filter);
}

static int install_as_nobody(void)
{
	struct seccomp_filter filter = prepare_text("{'defaultAction':'SCMP_ACT_ALLOW'}");
	struct error err = { 0 };
	if (setresuid(65534, 65534, 65534) < 0)
		return 1;
	if (seccomp_install(&filter, NULL, &err) != -ERR_SEC_SECCOMP || err.sys_errno != EACCES)
		return 2;
	return streq(err.cause, "neither no_new_privs is set nor is CAP_SYS_ADMIN effective") ? 0 : 3;
}

static void test_install_without_permission(void **state)
{
	if (geteuid() != 0)
		skip();
	pid_t pid = fork();
	if (pid == 0)
		_exit(install_as_nobody());
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_is_available(void **state)
{
	assert_true(seccomp_is_available());
}

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default_profile_in_force),
		cmocka_unit_test(test_newer_call_in_force),
		cmocka_unit_test(test_actions_in_force),
#if defined(__x86_64__)
		cmocka_unit_test(test_other_architectures_in_force),
#endif
		cmocka_unit_test(test_notification),
		cmocka_unit_test(test_install_without_permission),
		cmocka_unit_test(test_is_available),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
