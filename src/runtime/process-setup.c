/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/process-setup.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "runtime/credentials.h"
#include "runtime/seccomp-listener.h"

/*
 * glibc keeps two signals to itself: signal() refuses them, and posix_spawn(), by which we were started, leaves them ignored.
 * To the kernel a struct sigaction of zeros is SIG_DFL.
 */
void process_reset_signals(void)
{
	static const uint64_t defaults[8];
	sigset_t none;
	for (int sig = 1; sig < NSIG; sig++)
		(void)syscall(SYS_rt_sigaction, sig, defaults, NULL, sizeof(uint64_t)); /* fails for KILL and STOP */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

int process_join_keyring(struct error *err)
{
	enum { KEYCTL_JOIN_SESSION_KEYRING = 1 };
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0 || errno == ENOSYS || errno == EPERM)
		return 0;
	int r = err_sys(err, errno, "make a session keyring");
	err_hint(err, "coffer-runtime --no-new-keyring, or a higher kernel.keys.maxkeys");
	return r;
}

int process_take_stdio(const int stdio[3], struct error *err)
{
	for (int fd = 0; fd < 3; fd++) {
		if (stdio[fd] == fd ? fd_set_cloexec(fd, false) < 0 : dup2(stdio[fd], fd) < 0)
			return err_sys(err, errno, "set up standard stream %d", fd);
	}
	return 0;
}

int process_take_terminal(int slave, struct error *err)
{
	const int stdio[3] = { slave, slave, slave };
	int r = process_take_stdio(stdio, err);
	if (r == 0 && ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0)
		return err_sys_code(err, ERR_TTY, errno, "make the terminal the controlling one");
	return r;
}

/* The user's own streams must be openable by name (/dev/stdout); the null device and read-only files are left alone. */
static void give_streams_to(uid_t uid)
{
	struct stat null, st;
	bool known = stat("/dev/null", &null) == 0;
	for (int fd = 0; fd < 3; fd++) {
		if (fstat(fd, &st) < 0 || st.st_uid == uid || (known && S_ISCHR(st.st_mode) && st.st_rdev == null.st_rdev))
			continue;
		if (fchown(fd, uid, (gid_t)-1) < 0)
			log_debug("standard stream %d keeps its owner: %m", fd);
	}
}

/*
 * Into the working directory, by an fd that was resolved inside the root, and checked afterwards: a directory outside
 * shows as one that cannot be reached (CVE-2024-21626).
 */
static int enter_working_directory(int fd, const char *cwd, struct error *err)
{
	char path[PATH_MAX];
	if (fchdir(fd) < 0)
		return err_sys_code(err, ERR_WORKDIR, errno, "change to working directory %s", cwd);
	if (syscall(SYS_getcwd, path, sizeof path) < 0 || path[0] != '/')
		return err_set(err, ERR_WORKDIR, "working directory %s is outside of the container", cwd);
	return 0;
}

static int install_filter(const struct seccomp_filter *filter, int sync, struct error *err)
{
	if (!filter)
		return 0;
	return filter->notifies ? seccomp_listener_install(filter, sync, err) : seccomp_install(filter, NULL, err);
}

int process_become(const struct spec_process *process, const struct seccomp_filter *filter, int cwd, int sync,
		   struct error *err)
{
	bool early_filter = !process->no_new_privileges;
	struct error why = { 0 };
	int r = enter_working_directory(cwd, process->cwd, &why);
	bool retry_cwd = r < 0 && why.sys_errno == EACCES; /* root may be denied what the user is not (NFS, mappings) */
	if (r < 0 && !retry_cwd) {
		*err = why;
		return r;
	}
	give_streams_to(process->user.uid);
	if (process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "set no_new_privs");
	if ((early_filter && (r = install_filter(filter, sync, err)) < 0) || (r = credentials_become(process, err)) < 0)
		return r;
	/* Changing the user made us dumpable again where suid_dumpable says so. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (retry_cwd && (r = enter_working_directory(cwd, process->cwd, err)) < 0)
		return r;
	return early_filter ? 0 : install_filter(filter, sync, err);
}

