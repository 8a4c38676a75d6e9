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
#include "base/log.h"
#include "base/parse.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/annotation.h"

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

/* Wait for @pid, at most @seconds (-1: for ever); then it is killed. Returns whether it ended by itself. */
static bool wait_in_time(pid_t pid, int seconds, int *ret_status)
{
	_cleanup_close_ int pidfd = process_pidfd(pid);
	struct pollfd event = { .fd = pidfd, .events = POLLIN };
	struct timespec limit = { .tv_sec = seconds };
	/* What interrupts it (a stopped and continued runtime) may give the hook more time, never less. */
	bool in_time = pidfd < 0 || RETRY_ON_EINTR(ppoll(&event, 1, seconds < 0 ? NULL : &limit, NULL)) > 0;
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

/* --- streams --- */

static int open_stream(const char *path, int *ret, struct error *err)
{
	if (!path)
		return 0;
	*ret = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0700);
	return *ret < 0 ? err_sys_code(err, ERR_HOOK, errno, "open '%s' for the hooks' output", path) : 0;
}

int hook_streams_open(char *const *annotations, struct hook_streams *ret, struct error *err)
{
	struct hook_streams streams = HOOK_STREAMS_NONE;
	int r = open_stream(annotation_get(annotations, "run.oci.hooks.stdout"), &streams.out, err);
	if (r == 0)
		r = open_stream(annotation_get(annotations, "run.oci.hooks.stderr"), &streams.err, err);
	if (r < 0)
		hook_streams_close(&streams);
	else
		*ret = streams;
	return r;
}

void hook_streams_close(struct hook_streams *streams)
{
	fd_close(TAKE_FD(streams->out));
	fd_close(TAKE_FD(streams->err));
}

/* --- running --- */

static int failed(const struct hook_run *run, const struct spec_hook *hook, int status, int output, struct error *err)
{
	const char *point = hook_point_name(run->point);
	char words[256] = "";
	int r = WIFSIGNALED(status) ? err_set(err, ERR_HOOK, "%s hook '%s' was killed by SIG%s", point, hook->path,
					      signal_name(WTERMSIG(status))) :
				      err_set(err, ERR_HOOK, "%s hook '%s' exited with %d", point, hook->path,
					      WEXITSTATUS(status));
	if (output >= 0)
		last_line(output, words, sizeof words);
	if (words[0])
		err_cause(err, "it said: %s", words);
	return r;
}

static int run_hook(const struct hook_run *run, const struct spec_hook *hook, struct error *err)
{
	const char *point = hook_point_name(run->point);
	_cleanup_close_ int input = memory_file("state", run->state);
	_cleanup_close_ int output = run->streams.err < 0 ? memory_file("stderr", NULL) : -1;
	if (input < 0 || (output < 0 && run->streams.err < 0))
		return err_sys(err, errno, "make files for hook '%s'", hook->path);
	char *const plain[] = { hook->path, NULL };
	char *const empty[] = { NULL };
	pid_t pid;
	struct process_spawn spawn = {
		.path = hook->path,
		.argv = hook->args && hook->args[0] ? hook->args : plain,
		.envp = hook->env ? hook->env : empty,
		.stdio = { input, run->streams.out, output < 0 ? run->streams.err : output },
		.directory = run->directory,
	};
	int r = process_spawn(&spawn, &pid, err), status = 0;
	if (r < 0) {
		if (err)
			err->code = ERR_HOOK;
		return err_wrap(err, "%s hook", point);
	}
	if (!wait_in_time(pid, hook->timeout_seconds ? hook->timeout_seconds : -1, &status))
		return err_set(err, ERR_HOOK, "%s hook '%s' took longer than %d s", point, hook->path,
			       hook->timeout_seconds);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : failed(run, hook, status, output, err);
}

int hooks_run(const struct hook_run *run, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < run->hooks->count; i++)
		r = run_hook(run, &run->hooks->hooks[i], err);
	return r;
}

void hooks_run_all(const struct hook_run *run)
{
	for (size_t i = 0; i < run->hooks->count; i++) {
		struct error why = { 0 };
		if (run_hook(run, &run->hooks->hooks[i], &why) < 0)
			log_failure(LOG_LEVEL_WARN, NULL, &why);
	}
}
