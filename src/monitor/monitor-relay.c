/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Published ports that the host's packet filter cannot lead to the container. We listen, and the first who comes finds a process
 * started that carries what he says; so a port that nobody uses costs neither a process nor its start. Who comes before the
 * container runs, waits.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "monitor/monitor-internal.h"
#include "network/relay.h"

static void listen_all(struct monitor *monitor, uint32_t events)
{
	struct relaying *relaying = &monitor->relaying;
	for (size_t i = 0; i < relaying->count; i++)
		watch_set(monitor, &relaying->sockets[i], events);
}

static int start(struct monitor *monitor, struct error *err)
{
	struct relaying *relaying = &monitor->relaying;
	int fds[MONITOR_RELAY_MAX];
	char **argv = NULL;
	strv_append(&argv, RELAY_PROGRAM);
	strv_append(&argv, monitor->options->path);
	strv_take(&argv, mem_printf("%d", getpid()));
	for (size_t i = 0; i < relaying->count; i++) {
		strv_append(&argv, monitor->plan.relay[i]);
		fds[i] = relaying->sockets[i].fd;
	}
	const struct process_spawn spawn = {
		.path = "/proc/self/exe",
		.argv = argv,
		.stdio = { -1, -1, -1 },
		.pass_fds = fds,
		.n_pass_fds = relaying->count,
		.new_session = true,
	};
	int r = process_spawn(&spawn, &relaying->pid, err);
	strv_free(argv);
	return r;
}

/* One that cannot be started is not tried again: who came is there still, and would have us try for ever. */
static void somebody_comes(struct monitor *monitor, struct watch *watch, uint32_t events)
{
	struct error err = { 0 };
	listen_all(monitor, 0);
	if (start(monitor, &err) < 0)
		log_failure(LOG_LEVEL_ERROR, "relay to the container", &err);
}

void relay_take(struct monitor *monitor)
{
	struct relaying *relaying = &monitor->relaying;
	size_t planned = strv_count(monitor->plan.relay);
	for (int i = 0; i < monitor->options->n_sockets; i++) {
		int fd = MONITOR_RELAY_FD + i;
		if ((size_t)i < planned)
			relaying->sockets[relaying->count++] = (struct watch){ .fd = fd, .ready = somebody_comes };
		else
			fd_close(fd); /* of somebody who has started who started us */
	}
}

void relay_begin(struct monitor *monitor)
{
	if (monitor->relaying.pid == 0)
		listen_all(monitor, EPOLLIN);
}

bool relay_reaped(struct monitor *monitor, pid_t pid, int wait_status)
{
	if (pid == 0 || pid != monitor->relaying.pid)
		return false;
	monitor->relaying.pid = 0;
	if (WIFSIGNALED(wait_status))
		relay_begin(monitor);
	else
		log_error("the relay to the container has failed with status %d", WEXITSTATUS(wait_status));
	return true;
}

void relay_pause(struct monitor *monitor)
{
	struct relaying *relaying = &monitor->relaying;
	listen_all(monitor, 0);
	if (relaying->pid == 0)
		return;
	(void)kill(relaying->pid, SIGKILL);
	(void)RETRY_ON_EINTR(waitpid(relaying->pid, NULL, 0));
	relaying->pid = 0;
}

void relay_end(struct monitor *monitor)
{
	struct relaying *relaying = &monitor->relaying;
	relay_pause(monitor);
	for (size_t i = 0; i < relaying->count; i++)
		watch_close(monitor, &relaying->sockets[i]);
	relaying->count = 0;
}
