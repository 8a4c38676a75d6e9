/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/process.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"

/* An unnamed file in memory: a hook that never reads its input, or writes much, cannot block us. */
static int memory_file(const char *name, const char *content)
{
	int fd = memfd_create(name, MFD_CLOEXEC);
	if (fd >= 0 && content && (fd_write_all(fd, content, strlen(content)) < 0 || lseek(fd, 0, SEEK_SET) < 0)) {
		fd_close(fd);
		return -1;
	}
	return fd;
}

/* Wait for @pid, at most @timeout_ms (-1: for ever); then it is killed. Returns whether it ended by itself. */
static bool wait_in_time(pid_t pid, int timeout_ms, int *ret_status)
{
	_cleanup_close_ int pidfd = process_pidfd(pid);
	struct pollfd event = { .fd = pidfd, .events = POLLIN };
	bool in_time = pidfd < 0 || RETRY_ON_EINTR(poll(&event, 1, timeout_ms)) > 0;
	if (!in_time)
		kill(pid, SIGKILL); /* our own child, not yet waited for: the pid is still its */
	(void)process_wait(pid, ret_status, NULL);
	return in_time;
}

/* The last line that the hook wrote to standard error, into @buf. */
static void last_line(int output, char *buf, size_t size)
{
	off_t end = lseek(output, 0, SEEK_END);
	off_t start = MAX(end - (off_t)size + 1, (off_t)0);
	ssize_t n = pread(output, buf, size - 1, start);
	buf[MAX(n, (ssize_t)0)] = '\0';
	for (size_t len = strlen(buf); len > 0 && buf[len - 1] == '\n'; len--)
		buf[len - 1] = '\0';
	const char *newline = strrchr(buf, '\n');
	if (newline)
		memmove(buf, newline + 1, strlen(newline));
}

static int run_hook(const struct spec_hook *hook, const char *point, const char *state, struct error *err)
{
	_cleanup_close_ int input = memory_file("state", state);
	_cleanup_close_ int output = memory_file("stderr", NULL);
	if (input < 0 || output < 0)
		return err_sys(err, errno, "make files for hook '%s'", hook->path);
	char *const plain[] = { hook->path, NULL };
	char *const empty[] = { NULL };
	pid_t pid;
	struct process_spawn spawn = {
		.path = hook->path,
		.argv = hook->args && hook->args[0] ? hook->args : plain,
		.envp = hook->env ? hook->env : empty,
		.stdio = { input, -1, output },
	};
	int r = process_spawn(&spawn, &pid, err), status = 0;
	if (r < 0) {
		if (err)
			err->code = ERR_HOOK;
		return err_wrap(err, "%s hook", point);
	}
	if (!wait_in_time(pid, hook->timeout_seconds ? hook->timeout_seconds * 1000 : -1, &status))
		return err_set(err, ERR_HOOK, "%s hook '%s' took longer than %d s", point, hook->path,
			       hook->timeout_seconds);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	char words[256];
	last_line(output, words, sizeof words);
	r = WIFSIGNALED(status) ? err_set(err, ERR_HOOK, "%s hook '%s' was killed by SIG%s", point, hook->path,
					  signal_name(WTERMSIG(status))) :
				  err_set(err, ERR_HOOK, "%s hook '%s' exited with %d", point, hook->path,
					  WEXITSTATUS(status));
	if (words[0])
		err_cause(err, "it said: %s", words);
	return r;
}

int hooks_run(const struct spec_hooks *hooks, const char *point, const char *state, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < hooks->count; i++)
		r = run_hook(&hooks->hooks[i], point, state, err);
	return r;
}
