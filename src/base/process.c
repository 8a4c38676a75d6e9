/* SPDX-License-Identifier: Apache-2.0 */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/util.h"
#include "build-config.h"

/* The parts of a spawn that posix_spawn() wants as objects, and the fds moved out of the targets' way. */
struct plan {
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int moved[FD_PASS_MAX + 3];
	size_t n_moved;
};

static void plan_done(struct plan *plan)
{
	for (size_t i = 0; i < plan->n_moved; i++)
		fd_close(plan->moved[i]);
	posix_spawn_file_actions_destroy(&plan->actions);
	posix_spawnattr_destroy(&plan->attributes);
}

/* dup2() in the child clears close-on-exec, but not onto itself: sources stand above all targets first. */
static int plan_fd(struct plan *plan, int source, int target, int above)
{
	int copy = source < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : fcntl(source, F_DUPFD_CLOEXEC, above);
	if (source < 0 && copy >= 0)
		copy = fd_move_above(copy, above);
	if (copy < 0)
		return -errno;
	plan->moved[plan->n_moved++] = copy;
	return -posix_spawn_file_actions_adddup2(&plan->actions, copy, target);
}

static int plan_fds(struct plan *plan, const struct process_spawn *spawn)
{
	int above = PASS_FD_FIRST + (int)spawn->n_pass_fds;
	for (int i = 0; i < 3; i++) {
		int r = plan_fd(plan, spawn->stdio[i], i, above);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < spawn->n_pass_fds; i++) {
		int r = plan_fd(plan, spawn->pass_fds[i], PASS_FD_FIRST + (int)i, above);
		if (r < 0)
			return r;
	}
	return 0;
}

static int plan_directory(struct plan *plan, const struct process_spawn *spawn)
{
	return spawn->directory ? -posix_spawn_file_actions_addchdir_np(&plan->actions, spawn->directory) : 0;
}

static void plan_attributes(struct plan *plan, const struct process_spawn *spawn)
{
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(&plan->attributes, &none);
	posix_spawnattr_setsigdefault(&plan->attributes, &all);
	posix_spawnattr_setflags(&plan->attributes, (short)(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
							    (spawn->new_session ? POSIX_SPAWN_SETSID : 0)));
}

int process_spawn(const struct process_spawn *spawn, pid_t *ret_pid, struct error *err)
{
	if (spawn->n_pass_fds > FD_PASS_MAX)
		return err_set(err, ERR_INTERNAL, "too many files to pass to '%s'", spawn->path);
	struct plan plan = { 0 };
	posix_spawn_file_actions_init(&plan.actions);
	posix_spawnattr_init(&plan.attributes);
	plan_attributes(&plan, spawn);
	pid_t pid;
	int r = plan_directory(&plan, spawn);
	if (r == 0)
		r = plan_fds(&plan, spawn);
	if (r == 0)
		r = -posix_spawn(&pid, spawn->path, &plan.actions, &plan.attributes, spawn->argv,
				 spawn->envp ? spawn->envp : environ);
	plan_done(&plan);
	if (r < 0)
		return err_sys(err, -r, "run '%s'", spawn->path);
	*ret_pid = pid;
	return 0;
}

int process_wait(pid_t pid, int *ret_status, struct error *err)
{
	int status;
	if (RETRY_ON_EINTR(waitpid(pid, &status, 0)) < 0)
		return err_sys(err, errno, "wait for process %d", pid);
	*ret_status = status;
	return 0;
}

int process_exit_code(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

int process_run(const struct process_spawn *spawn, struct error *err)
{
	pid_t pid;
	int status, r = process_spawn(spawn, &pid, err);
	if (r >= 0)
		r = process_wait(pid, &status, err);
	return r < 0 ? r : process_exit_code(status);
}

int process_pidfd(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	return fd < 0 ? -errno : fd;
}

int process_signal(int pidfd, int sig)
{
	return syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) < 0 ? -errno : 0;
}

uint64_t process_start_time(pid_t pid, char *ret_state)
{
	char path[32], stat[1024];
	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	_cleanup_close_ int fd = pid > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t len = fd < 0 ? -1 : fd_read_full(fd, stat, sizeof stat - 1);
	if (len < 0)
		return 0;
	stat[len] = '\0';
	/* The second field is the name in parentheses, and may itself hold spaces, newlines and parentheses. */
	const char *at = strrchr(stat, ')');
	char state;
	uint64_t start;
	if (!at || sscanf(at + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %" SCNu64,
			  &state, &start) != 2)
		return 0;
	if (ret_state)
		*ret_state = state;
	return start;
}

int process_pidfd_checked(pid_t pid, uint64_t start_time)
{
	int fd = process_pidfd(pid);
	if (fd < 0)
		return fd;
	/* Opened first and compared then: from here on the fd cannot come to mean another process. */
	if (process_start_time(pid, NULL) != start_time) {
		fd_close(fd);
		return -ESRCH;
	}
	return fd;
}

const char *process_own_path(void)
{
	static char path[PATH_MAX];
	if (!*path && readlink("/proc/self/exe", path, sizeof path - 1) < 0)
		path[0] = '\0';
	return path;
}

char *process_helper_path(const char *name)
{
	const char *self = process_own_path();
	if (*self) {
		_cleanup_free_ char *dir = mem_strndup(self, (size_t)(path_base(self) - self));
		_cleanup_free_ char *beside = path_join(dir, name);
		if (access(beside, X_OK) == 0)
			return TAKE_PTR(beside);
	}
	return path_join(LIBEXECDIR, name);
}
