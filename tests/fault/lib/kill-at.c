/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Death at a chosen moment:
 *
 *	kill-at WHO N COMMAND...
 *
 * runs COMMAND and sends SIGKILL to one of its processes (0 is COMMAND itself, 1 the first that it makes) as it enters
 * its N-th system call. Prints the pids of all processes that it saw. Exits once COMMAND has: with 0 if it was killed, 1
 * if it was not and failed, 2 if it was not and succeeded although its child was killed, 3 if nobody came to the N-th
 * system call.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES_MAX = 64, SYSCALL_STOP = SIGTRAP | 0x80, NOBODY_GOT_THERE = 3 };

static struct process {
	pid_t pid;
	long entered;
	int inside;
} processes[PROCESSES_MAX];
static int count;

static struct process *find(pid_t pid)
{
	for (int i = 0; i < count; i++)
		if (processes[i].pid == pid)
			return &processes[i];
	if (count == PROCESSES_MAX)
		exit(100);
	processes[count].pid = pid;
	printf("%d\n", pid);
	return &processes[count++];
}

static pid_t start(char **command)
{
	pid_t pid = fork();
	if (pid == 0) {
		raise(SIGSTOP); /* until we trace it */
		execv(command[0], command);
		_exit(127);
	}
	return pid;
}

/* The signal that a stopped process is to get as it goes on: none for a stop of ours. */
static int signal_of(int status)
{
	return status >> 16 || WSTOPSIG(status) == SYSCALL_STOP ? 0 : WSTOPSIG(status);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 100;
	const int who = atoi(argv[1]);
	const long when = atol(argv[2]);
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
			     PTRACE_O_TRACEEXEC;
	const pid_t command = start(argv + 3);
	int status, killed = 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	waitpid(command, &status, WUNTRACED);
	/* Unlike attaching, this leaves no SIGSTOP behind in a process that we let go of. */
	ptrace(PTRACE_SEIZE, command, NULL, (void *)options);
	find(command);
	kill(command, SIGCONT);
	for (pid_t pid; (pid = waitpid(-1, &status, __WALL)) > 0;) {
		if (pid == command && !WIFSTOPPED(status))
			break;
		if (!WIFSTOPPED(status))
			continue;
		struct process *process = find(pid);
		if (WSTOPSIG(status) == SYSCALL_STOP && (process->inside = !process->inside) && process == &processes[who] &&
		    ++process->entered == when) {
			kill(pid, SIGKILL);
			killed = 1;
		}
		ptrace(killed ? PTRACE_CONT : PTRACE_SYSCALL, pid, NULL, (void *)(long)signal_of(status));
	}
	if (!killed)
		return NOBODY_GOT_THERE;
	return WIFSIGNALED(status) ? 0 : WEXITSTATUS(status) ? 1 : 2;
}
