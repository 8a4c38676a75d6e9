/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coffer-monitor NAME DIR [--trace]: the supervisor of one container (monitor/monitor.h).
 *
 * DIR is the container's run directory; NAME is there for whoever reads `ps`. Fd 3 is the starter's connection and fd 4
 * the open file that holds DIR/lock; without the first the container starts at once, without the second we lock it. Fd 5
 * can be a network namespace and fd 6 a user namespace, which live as long as we hold them, through all restarts of the
 * container, and from fd 7 up there can be sockets of published ports. Who starts us has made a session of ours, with /dev/null for standard streams (or, with the log driver "passthrough", those of the
 * container), and runs us from a detached read-only mount. With --trace the memory of a timeline (base/timeline.h) is behind the
 * sockets.
 *
 * coffer-compress PATH, by that name of the same file: compress a rotated log.
 * coffer-holder, likewise: do nothing, and so hold a user's namespaces (engine/rootless.h).
 * coffer-relay PID-FILE NETNS-FILE RULE..., coffer-relay DIR PARENT-PID RULE..., likewise: published ports
 * (network/relay.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "base/timeline.h"
#include "base/util.h"
#include "monitor/log-driver.h"
#include "monitor/monitor.h"
#include "network/relay.h"

static bool is_connection(int fd)
{
	int type;
	socklen_t len = sizeof type;
	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET;
}

static bool is_open_on(int fd, const char *path)
{
	struct stat ours, named;
	return fstat(fd, &ours) == 0 && lstat(path, &named) == 0 && ours.st_dev == named.st_dev &&
	       ours.st_ino == named.st_ino;
}

static bool is_namespace(int fd, int type)
{
	return ioctl(fd, NS_GET_NSTYPE) == type;
}

/* What may be one of a published port: the plan says how many are. */
static int count_sockets(void)
{
	int type, count = 0;
	socklen_t len = sizeof type;
	while (count < MONITOR_RELAY_MAX && getsockopt(MONITOR_RELAY_FD + count, SOL_SOCKET, SO_TYPE, &type, &len) == 0)
		count++;
	return count;
}

/*
 * Keep what is meant for us and nothing else: we live longer than whoever started us, and somebody may wait for the end
 * of a pipe that we know nothing of.
 */
static void take_fds(const char *path, bool traced, struct monitor_options *options)
{
	_cleanup_free_ char *lock = path_join(path, "lock");
	options->control = is_connection(MONITOR_CONTROL_FD) ? MONITOR_CONTROL_FD : -1;
	options->lock = is_open_on(MONITOR_LOCK_FD, lock) ? MONITOR_LOCK_FD : -1;
	if (options->control < 0)
		fd_close(MONITOR_CONTROL_FD);
	if (options->lock < 0)
		fd_close(MONITOR_LOCK_FD);
	if (!is_namespace(MONITOR_NETNS_FD, CLONE_NEWNET))
		fd_close(MONITOR_NETNS_FD);
	options->has_userns = is_namespace(MONITOR_USERNS_FD, CLONE_NEWUSER);
	if (!options->has_userns)
		fd_close(MONITOR_USERNS_FD);
	options->n_sockets = count_sockets();
	if (traced)
		timeline_join(MONITOR_RELAY_FD + options->n_sockets, "monitor");
	fd_close_from(MONITOR_RELAY_FD + options->n_sockets);
	fd_cloexec_from(MONITOR_CONTROL_FD);
	(void)fd_fill_standard();
}

static int run(const char *path, bool traced, struct error *err)
{
	struct monitor_options options = { .path = path };
	take_fds(path, traced, &options);
	_cleanup_close_ int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, errno, "open run directory '%s'", path);
	_cleanup_free_ char *log_path = path_join(path, "log");
	int r = log_open_file(log_path, err);
	if (r < 0)
		return r;
	if (options.lock < 0 && (options.lock = file_lock(dir, "lock", true, false, err)) < 0)
		return options.lock;
	options.dir = dir;
	options.start = options.control < 0;
	return monitor_run(&options, err);
}

/* A child that a monitor has started of its own program. */
static int compress(const char *path)
{
	enum { LEAST_URGENT = 19 };
	struct error err = { 0 };
	prctl(PR_SET_NAME, LOG_COMPRESS_PROGRAM, 0, 0, 0);
	(void)setpriority(PRIO_PROCESS, 0, LEAST_URGENT);
	return log_compress(path, &err) < 0 ? err_info(err.code)->exit_status : 0;
}

/* Until somebody kills it: not the end of a session, nor a key that is pressed in another. */
_Noreturn static void hold(void)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGTSTP };
	prctl(PR_SET_NAME, HOLDER_PROGRAM, 0, 0, 0);
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		(void)signal(ignored[i], SIG_IGN);
	for (;;)
		pause();
}

static int relay(char **argv)
{
	prctl(PR_SET_NAME, RELAY_PROGRAM, 0, 0, 0);
	return argv[2][0] == '/' ? relay_main(argv) : relay_handed_main(argv);
}

int main(int argc, char **argv)
{
	struct error err = { 0 };
	if (argc == 1 && streq(argv[0], HOLDER_PROGRAM))
		hold();
	if (argc == 2 && streq(argv[0], LOG_COMPRESS_PROGRAM))
		return compress(argv[1]);
	if (argc >= 3 && streq(argv[0], RELAY_PROGRAM))
		return relay(argv);
	bool traced = argc == 4 && streq(argv[3], MONITOR_TRACE);
	if ((argc != 3 && !traced) || argv[2][0] != '/') {
		fputs("usage: " MONITOR_PROGRAM " NAME DIR [" MONITOR_TRACE "]\n"
		      "It is coffer that starts it; DIR is the absolute path of a container's run directory.\n",
		      stderr);
		return err_info(ERR_USAGE)->exit_status;
	}
	umask(0022); /* no matter who started us */
	/* Executed by an fd's path, we would be called by its number. */
	prctl(PR_SET_NAME, MONITOR_PROGRAM, 0, 0, 0);
	int r = chdir("/") < 0 ? err_sys(&err, errno, "change to the root directory") : run(argv[2], traced, &err);
	if (r >= 0)
		return r;
	log_failure(LOG_LEVEL_ERROR, argv[1], &err);
	return err_info(err.code)->exit_status;
}
