/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/process.h"
#include "base/util.h"
#include "programs/runtime/bundle.h"
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

/* Serve the terminal, pass signals on, until the container's process has ended. */
static int supervise(const struct container_init *init, int signals, struct error *err)
{
	struct relay relay;
	int status = 0, r = relay_begin(&relay, init->console, err);
	if (r < 0)
		return r;
	while (!reap(init->pid, &status)) {
		struct pollfd fds[2 + RELAY_FDS] = { { .fd = signals, .events = POLLIN },
						     { .fd = init->pidfd, .events = POLLIN } };
		relay_poll(&relay, &fds[2]);
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			break;
		if (fds[0].revents)
			forward(init, &relay, signals);
		relay_serve(&relay, &fds[2]);
	}
	relay_end(&relay);
	return process_exit_code(status);
}

static int block_signals(struct error *err)
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

static int start_and_wait(const struct bundle_options *options, const struct bundle *bundle,
			  struct container *container, struct container_init *init, int signals, struct error *err)
{
	int r = bundle_write_pid(options, init->pid, err);
	if (r < 0 || (r = container_release(container, init, bundle->spec, err)) < 0)
		return r;
	return options->detach ? 0 : supervise(init, signals, err);
}

static int run_container(const struct runtime_globals *globals, const struct bundle_options *options, const char *id,
			 struct error *err)
{
	_cleanup_bundle_ struct bundle bundle = { .fd = -1, .cache_dir = -1 };
	_cleanup_container_ struct container *container = NULL;
	struct container_init init;
	int r = bundle_open(globals, options, &bundle, err);
	if (r < 0)
		return r;
	if (options->detach && bundle.spec->process->terminal && !options->console_socket)
		return err_set(err, ERR_TTY, "cannot allocate a terminal for '%s' without --console-socket", id);
	if (!options->detach && !options->no_subreaper)
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	struct container_create_options create_options = bundle_create_options(globals, options, &bundle, id);
	create_options.in_process_start = true;
	r = container_create(&create_options, &container, &init, err);
	if (r < 0)
		return r;
	_cleanup_close_ int signals = options->detach ? -1 : block_signals(err);
	r = signals < 0 && !options->detach ? signals :
					      start_and_wait(options, &bundle, container, &init, signals, err);
	bool keep = r >= 0 && (options->detach || options->keep);
	struct error why = { 0 };
	if (!keep && container_delete(container, true, &why) < 0)
		log_failure(LOG_LEVEL_WARN, "delete container", &why);
	container_init_done(&init);
	return r;
}

static int run(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv, struct error *err)
{
	struct bundle_options options = { 0 };
	const struct option *const tables[] = { verb->options, NULL };
	_cleanup_free_ char **args = NULL;
	int r = verb_parse(verb, argv, &options, 1, 1, &args, err);
	if (r == 0) {
		r = run_container(globals, &options, args[0], err);
		if (r < 0)
			err_wrap(err, "run container '%s'", args[0]);
	} else if (r > 0) {
		r = 0;
	}
	options_done(tables, &options);
	return r;
}

static const struct option OPTIONS[] = {
	BUNDLE_OPTIONS,
	OPT_BOOL(struct bundle_options, detach, 'd', "detach", "Do not wait for the container to end"),
	OPT_BOOL(struct bundle_options, keep, 0, "keep", "Do not delete the container when it has ended"),
	OPT_BOOL(struct bundle_options, no_subreaper, 0, "no-subreaper", "Do not adopt the container's orphans"),
	OPT_END,
};

const struct runtime_verb verb_run = { "run", "ID", "Create and start a container", OPTIONS, true, run };
