/* SPDX-License-Identifier: Apache-2.0 */
#include "image/confined.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/process.h"

enum { FD_END = CONFINED_FD_FIRST + CONFINED_FDS_MAX };

/* --- In the child --- */

static int keep_fds(const int *fds, size_t n_fds)
{
	int moved[CONFINED_FDS_MAX], null = open("/dev/null", O_RDWR | O_CLOEXEC), log = log_fd();
	for (size_t i = 0; i < n_fds; i++) {
		moved[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, FD_END);
		if (moved[i] < 0)
			return -errno;
	}
	if (null < 0 || dup2(log, STDERR_FILENO) < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return -errno;
	log_set_fd(STDERR_FILENO);
	for (size_t i = 0; i < n_fds; i++)
		if (dup2(moved[i], CONFINED_FD_FIRST + (int)i) < 0)
			return -errno;
	fd_close_from(CONFINED_FD_FIRST + (int)n_fds);
	return 0;
}

/* Our parent's handlers are not for us. Ctrl-C goes to the whole group: it is for the parent to end us then. */
static void reset_signals(void)
{
	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, sig == SIGINT || sig == SIGQUIT ? SIG_IGN : SIG_DFL);
	sigset_t none;
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void become_confined(const int *fds, size_t n_fds, pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != parent || keep_fds(fds, n_fds) < 0)
		_exit(EXIT_FAILURE);
	reset_signals();
}

/* --- In us --- */

pid_t confined_fork(const int *fds, size_t n_fds, const char *what, struct error *err)
{
	pid_t parent = getpid(), pid = fork();
	if (pid < 0)
		return err_sys(err, errno, "start %s", what);
	if (pid == 0)
		become_confined(fds, n_fds, parent);
	return pid;
}

void confined_end(pid_t pid)
{
	(void)kill(pid, SIGKILL); /* not waited for yet, so the number is still its own */
	(void)process_wait(pid, &(int){ 0 }, NULL);
}

int confined_explain(pid_t pid, const char *did, struct error *err)
{
	int status;
	/* Something that only pretends to be dead would keep us waiting. */
	(void)kill(pid, SIGKILL);
	int r = process_wait(pid, &status, err);
	if (r < 0)
		return r;
	if (WIFSIGNALED(status))
		return err_set(err, ERR_IMG_LAYER, "the process that %s was killed by SIG%s", did,
			       signal_name(WTERMSIG(status)));
	return err_set(err, ERR_IMG_LAYER, "the process that %s ended with status %d", did, WEXITSTATUS(status));
}
