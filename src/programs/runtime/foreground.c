/* SPDX-License-Identifier: Apache-2.0 */
#include "programs/runtime/foreground.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "base/util.h"
#include "programs/runtime/relay.h"

/* Collect what has died; returns true with the wait status once @init has. */
static bool reap(pid_t init, int *ret_status)
{
	int status;
	bool ended = false;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		if (pid != init)
			continue;
		*ret_status = status;
		ended = true;
	}
	return ended;
}

/* Every signal but those that are about us goes to the container. */
static void forward(const struct container_init *init, struct relay *relay, int signals)
{
	struct signalfd_siginfo info;
	if (read(signals, &info, sizeof info) != sizeof info)
		return;
	int sig = (int)info.ssi_signo;
	if (sig == SIGWINCH)
		relay_resize(relay);
	else if (sig != SIGCHLD && sig != SIGPIPE && sig != SIGTTIN && sig != SIGTTOU)
		(void)process_signal(init->pidfd, sig);
}

int foreground_supervise(const struct container_init *init, int signals, struct notify *notify, struct error *err)
{
	struct relay relay;
	int status = 0, r = relay_begin(&relay, init->console, err);
	if (r < 0)
		return r;
	while (!reap(init->pid, &status)) {
		struct pollfd fds[3 + RELAY_FDS] = { { .fd = signals, .events = POLLIN },
						     { .fd = init->pidfd, .events = POLLIN },
						     { .fd = notify ? notify->socket : -1, .events = POLLIN } };
		relay_poll(&relay, &fds[3]);
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			break;
		if (fds[0].revents)
			forward(init, &relay, signals);
		if (fds[2].revents)
			notify_serve(notify);
		relay_serve(&relay, &fds[3]);
	}
	relay_end(&relay);
	return process_exit_code(status);
}

int foreground_block_signals(struct error *err)
{
	sigset_t all;
	sigfillset(&all);
	/* A crash of ours stays a crash. */
	const int own[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS };
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		sigdelset(&all, own[i]);
	if (sigprocmask(SIG_BLOCK, &all, NULL) < 0)
		return err_sys(err, errno, "block signals");
	int fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(err, errno, "make a signalfd") : fd;
}
