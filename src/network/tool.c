/* SPDX-License-Identifier: Apache-2.0 */
#include "network/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/path.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"

enum {
	COMPLAINT_MAX = 2048,
	COMMAND_LINE_MAX = 64 << 10,
	PATIENCE_MS = 5000, /* for a process to end when it was asked to */
};

const char *tool_find(const char *name)
{
	static const char *const places[] = { "/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin" };
	static char path[PATH_MAX];
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(path, sizeof path, "%s/%s", places[i], name);
		if (access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}

int tool_missing(const char *name, const char *package, const char *what, struct error *err)
{
	err_set(err, ERR_UNSUPPORTED, "%s: there is no %s", what, name);
	return err_hint(err, "install the package %s", package);
}

int tool_file(const char *text, struct error *err)
{
	_cleanup_close_ int fd = memfd_create("tool", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));
	if (r < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, r < 0 ? -r : errno, "make a file in memory");
	return TAKE_FD(fd);
}

int tool_failed(const char *name, const char *what, int complaints, struct error *err)
{
	char text[COMPLAINT_MAX] = "";
	if (lseek(complaints, 0, SEEK_SET) < 0 || fd_read_full(complaints, text, sizeof text - 1) < 0)
		text[0] = '\0';
	const char *said = text + strspn(text, "\n");
	err_set(err, ERR_SYSTEM, "%s: %s failed", what, name);
	return *said ? err_cause(err, "%s says: %.*s", name, (int)strcspn(said, "\n"), said) : -ERR_SYSTEM;
}

int tool_output(const char *package, char *const *argv, const char *what, size_t max, char **ret, size_t *ret_len,
		struct error *err)
{
	const char *path = tool_find(argv[0]);
	if (!path)
		return tool_missing(argv[0], package, what, err);
	_cleanup_close_ int output = tool_file("", err);
	_cleanup_close_ int complaints = output < 0 ? output : tool_file("", err);
	if (complaints < 0)
		return complaints;
	const struct process_spawn spawn = { .path = path, .argv = argv, .stdio = { -1, output, complaints } };
	int r = process_run(&spawn, err);
	if (r != 0)
		return r > 0 ? tool_failed(argv[0], what, complaints, err) : r;
	if (lseek(output, 0, SEEK_SET) < 0)
		return err_sys(err, errno, "%s", what);
	return fd_read_text(output, max, argv[0], ret, ret_len, err);
}

/* --- those that stay --- */

/* In a child. Returns the exit status of the tool. */
static int run_apart(const struct tool_start *start, int complaints)
{
	const struct process_spawn spawn = {
		.path = start->program,
		.argv = start->argv,
		.stdio = { -1, complaints, complaints },
		.pass_fds = start->pass_fds,
		.n_pass_fds = start->n_pass_fds,
		.new_session = true,
		.directory = "/",
	};
	/* It lives longer than whoever started us, who may wait for the end of a pipe. */
	fd_cloexec_from(STDERR_FILENO + 1);
	if (start->netns >= 0 && setns(start->netns, CLONE_NEWNET) < 0)
		return dprintf(complaints, "cannot enter the network namespace\n"), EXIT_FAILURE;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(start->source, start->place, NULL, MS_BIND, NULL) < 0)
		return dprintf(complaints, "cannot give it a mount namespace of its own\n"), EXIT_FAILURE;
	int r = process_run(&spawn, NULL);
	if (r < 0)
		return dprintf(complaints, "cannot execute it\n"), EXIT_FAILURE;
	return r;
}

int tool_start(const struct tool_start *start, struct error *err)
{
	_cleanup_close_ int complaints = tool_file("", err);
	int status;
	if (complaints < 0)
		return complaints;
	pid_t child = fork();
	if (child < 0)
		return err_sys(err, errno, "%s", start->what);
	if (child == 0)
		_exit(run_apart(start, complaints));
	int r = process_wait(child, &status, err);
	if (r < 0)
		return r;
	return process_exit_code(status) == 0 ? 0 : tool_failed(start->name, start->what, complaints, err);
}

static bool has_word(pid_t pid, const char *word)
{
	_cleanup_free_ char *path = mem_printf("/proc/%d/cmdline", (int)pid);
	_cleanup_free_ char *text = NULL;
	size_t len;
	if (file_read(AT_FDCWD, path, COMMAND_LINE_MAX, &text, &len, NULL) < 0)
		return false;
	for (const char *at = text; at < text + len; at += strlen(at) + 1)
		if (streq(at, word))
			return true;
	return false;
}

/* Opened before the look at the process, so it is that process's. */
int tool_find_process(const char *pid_file, const char *word)
{
	char text[16];
	uint64_t pid;
	if (file_read_line(AT_FDCWD, pid_file, text, sizeof text) <= 0 || parse_u64(text, INT32_MAX, &pid, NULL) < 0 ||
	    pid == 0)
		return -ESRCH;
	_cleanup_close_ int pidfd = process_pidfd((pid_t)pid);
	return pidfd >= 0 && has_word((pid_t)pid, word) ? TAKE_FD(pidfd) : -ESRCH;
}

void tool_end_process(int pidfd)
{
	struct pollfd poller = { .fd = pidfd, .events = POLLIN };
	(void)process_signal(pidfd, SIGTERM);
	if (poll(&poller, 1, PATIENCE_MS) <= 0)
		(void)process_signal(pidfd, SIGKILL);
}

int tool_make_place(const char *path, const char *what, struct error *err)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? err_sys(err, errno, "%s: make '%s'", what, path) : 0;
}

/* Returns a pidfd, or -ESRCH. */
static int find_in(const char *directory, const char *pid_file, const char *place)
{
	_cleanup_free_ char *pid_path = path_join(directory, pid_file);
	_cleanup_free_ char *place_path = path_join(directory, place);
	return tool_find_process(pid_path, place_path);
}

bool tool_is_running(const char *directory, const char *pid_file, const char *place)
{
	_cleanup_close_ int pidfd = find_in(directory, pid_file, place);
	return pidfd >= 0;
}

void tool_stop(const char *directory, const char *pid_file, const char *place)
{
	_cleanup_close_ int pidfd = find_in(directory, pid_file, place);
	if (pidfd >= 0)
		tool_end_process(pidfd);
}
