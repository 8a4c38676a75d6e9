/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first process of a container: forwards signals, reaps, and ends as its child does.
 *
 *	coffer-init [--] PROGRAM [ARG...]   exits with the program's code, 128+n if signal n killed it, 127 if it is not
 *	                                    there, 126 if it cannot be executed, 125 if we could not try
 *	coffer-init --pause                 only reaps, until SIGTERM or SIGINT; exits with 0. Holds a pod's namespaces.
 *
 * All signals are blocked and taken one by one, so there is no handler, no race, and none that ends us: to the kernel a
 * signal that process 1 neither handles nor blocks does not exist (pid_namespaces(7)). Static, and allocates nothing:
 * it runs in images that have nothing.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_FAILED = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127, EXIT_SIGNAL_BASE = 128 };

/* As execvp(3) and Docker have it where the environment says nothing. */
static const char DEFAULT_PATH[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* One line on standard error: what, "object", why. */
static void complain(const char *what, const char *object, const char *why)
{
	const char *const words[] = { "coffer-init: ", what, " \"", object, "\": ", why ? why : "unknown error", "\n" };
	struct iovec parts[sizeof words / sizeof *words];
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		parts[i] = (struct iovec){ .iov_base = (void *)words[i], .iov_len = strlen(words[i]) };
	if (writev(STDERR_FILENO, parts, sizeof words / sizeof *words) < 0)
		return; /* there is nobody to tell */
}

/* --- The child: becomes the program --- */

/* Try the folders of PATH in turn, as execvp() does, but never hand a file to a shell. Returns an errno. */
static int exec_from_path(char **argv)
{
	const char *path = getenv("PATH");
	int failure = ENOENT;
	for (const char *at = path ? path : DEFAULT_PATH; *at;) {
		size_t len = strcspn(at, ":");
		char file[PATH_MAX];
		int n = snprintf(file, sizeof file, "%.*s%s%s", (int)len, at, len ? "/" : "", argv[0]);
		if (n > 0 && (size_t)n < sizeof file) {
			execv(file, argv);
			if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
				return errno;
			/* A file that is there and whose interpreter is not: no other is looked for. */
			if (errno == ENOENT && access(file, F_OK) == 0)
				return ELIBACC;
			if (errno == EACCES)
				failure = EACCES;
		}
		at += len + (at[len] == ':');
	}
	return failure;
}

static int exec_program(char **argv)
{
	if (!strchr(argv[0], '/'))
		return exec_from_path(argv);
	execv(argv[0], argv);
	return errno == ENOENT && access(argv[0], F_OK) == 0 ? ELIBACC : errno;
}

static int report(const char *name, int failure)
{
	const char *words = strerrordesc_np(failure);
	bool missing = failure == ENOENT || failure == ENOTDIR;
	if (missing && !strchr(name, '/'))
		words = "executable file not found in $PATH";
	else if (missing)
		words = "no such file or directory";
	else if (failure == ELIBACC)
		words = "its interpreter or loader is not in the container";
	else if (failure == EACCES)
		words = "permission denied";
	else if (failure == ENOEXEC)
		words = "exec format error";
	complain("exec", name, words);
	return missing || failure == ELIBACC ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

/*
 * A process group of its own, in the foreground of the terminal if there is one: what is typed there (^C) then goes to
 * the program and not to us, who would send it a second time.
 */
static _Noreturn void run_program(char **argv, const sigset_t *mask)
{
	(void)setpgid(0, 0);
	(void)tcsetpgrp(STDIN_FILENO, getpgrp());
	sigprocmask(SIG_SETMASK, mask, NULL);
	_exit(report(argv[0], exec_program(argv)));
}

/* --- The parent: process 1 --- */

/* Collect all that have ended. Whether @child was among them; how it ended, then, is in *ret_status. */
static bool reap(pid_t child, int *ret_status)
{
	bool found = false;
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		if (pid == child) {
			*ret_status = status;
			found = true;
		}
	}
	return found;
}

static int serve(pid_t child, const sigset_t *signals)
{
	int status;
	for (;;) {
		int sig = sigwaitinfo(signals, NULL);
		if (sig == SIGCHLD) {
			if (reap(child, &status))
				return WIFSIGNALED(status) ? EXIT_SIGNAL_BASE + WTERMSIG(status) : WEXITSTATUS(status);
		} else if (sig > 0) {
			(void)kill(child, sig);
		}
	}
}

static int pause_until_stopped(const sigset_t *signals)
{
	int status;
	for (;;) {
		int sig = sigwaitinfo(signals, NULL);
		if (sig == SIGCHLD)
			(void)reap(0, &status);
		else if (sig == SIGTERM || sig == SIGINT)
			return 0;
	}
}

int main(int argc, char **argv)
{
	sigset_t all, before;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	signal(SIGCHLD, SIG_DFL); /* one who ignores it would never see a child's status */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);

	if (argc == 2 && strcmp(argv[1], "--pause") == 0)
		return pause_until_stopped(&all);
	char **program = argv + 1;
	if (*program && strcmp(*program, "--") == 0)
		program++;
	if (!*program) {
		fputs("usage: coffer-init [--] PROGRAM [ARG...]\n"
		      "       coffer-init --pause\n",
		      stderr);
		return EXIT_FAILED;
	}
	pid_t child = fork();
	if (child == 0)
		run_program(program, &before);
	if (child < 0) {
		complain("make a process for", *program, strerrordesc_np(errno));
		return EXIT_FAILED;
	}
	return serve(child, &all);
}
