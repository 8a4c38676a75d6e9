/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peak - run a command, and print the most memory that it has had resident at a time, in KiB.
 *
 *	peak COMMAND [ARG...]
 *
 * The kernel's ru_maxrss also counts what exec() has replaced, so that nothing smaller than whoever starts it can be seen.
 * VmHWM is of the program alone; it is read while the process stands at its end (PTRACE_EVENT_EXIT). Its children are not
 * looked at. stdout and stderr of the command are closed to /dev/null; the exit status is the command's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "peak: cannot %s: %s\n", what, strerror(errno));
	exit(125);
}

static _Noreturn void become(char **argv)
{
	int null = open("/dev/null", O_RDWR);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		die("prepare");
	raise(SIGSTOP); /* until the options are set */
	execvp(argv[0], argv);
	die(argv[0]);
}

static void print_peak(pid_t pid)
{
	char path[32], line[128];
	unsigned long kib;
	snprintf(path, sizeof path, "/proc/%d/status", pid);
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof line, file))
		if (sscanf(line, "VmHWM: %lu kB", &kib) == 1)
			printf("%lu\n", kib);
	if (file)
		fclose(file);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fputs("usage: peak COMMAND [ARG...]\n", stderr);
		return 2;
	}
	pid_t pid = fork();
	if (pid == 0)
		become(argv + 1);
	int status;
	if (pid < 0 || waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL) < 0)
		die("trace the command");
	for (int deliver = 0;; deliver = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status)) {
		if (ptrace(PTRACE_CONT, pid, NULL, (void *)(long)deliver) < 0 || waitpid(pid, &status, __WALL) != pid)
			die("follow the command");
		if (!WIFSTOPPED(status))
			break;
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8))
			print_peak(pid);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
