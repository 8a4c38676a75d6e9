/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container whose program says itself when it is ready (plan.notify): it finds a socket of ours at the place that
 * NOTIFY_SOCKET names, and what it says there goes on to the service manager that ours names, if there is one. Only
 * READY=1 does: whoever is in a container says what he likes.
 *
 * The socket is there for as long as the monitor, so that nobody who speaks to it waits, and hears every run.
 *
 * Source: sd_notify(3).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/service-manager.h"
#include "base/str.h"
#include "monitor/monitor-internal.h"

enum {
	DIR_MODE = 0755,
	SOCKET_MODE = 0777, /* whoever the program becomes may write to it */
	MESSAGE_MAX = 4096,
};

/* Line by line; @text is terminated. */
static bool says_ready(const char *text)
{
	for (; *text; text += *text == '\n') {
		size_t len = strcspn(text, "\n");
		if (len == strlen("READY=1") && str_starts_with(text, "READY=1"))
			return true;
		text += len;
	}
	return false;
}

/* Files that come along are closed by the kernel: that is what sd_notify_barrier(3) waits for. */
static void notify_ready(struct monitor *monitor, struct watch *watch, uint32_t events)
{
	char text[MESSAGE_MAX];
	struct error err = { 0 };
	ssize_t n = recv(watch->fd, text, sizeof text - 1, MSG_DONTWAIT);
	if (n <= 0)
		return;
	text[n] = '\0';
	if (says_ready(text) && service_manager_waits() && service_manager_send("READY=1\n", &err) < 0)
		log_failure(LOG_LEVEL_WARN, "tell the service manager that the container is ready", &err);
}

static int open_dir(int parent)
{
	if (mkdirat(parent, MONITOR_NOTIFY_DIR, DIR_MODE) < 0 && errno != EEXIST)
		return -errno;
	int dir = openat(parent, MONITOR_NOTIFY_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return dir < 0 ? -errno : dir;
}

/* Bound by way of the directory's fd: the path may be longer than a socket's name can be. */
static int open_socket(int parent)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int dir = open_dir(parent);
	if (dir < 0)
		return dir;
	if (fchmod(dir, DIR_MODE) < 0 || (unlinkat(dir, MONITOR_NOTIFY_SOCKET, 0) < 0 && errno != ENOENT))
		return -errno;
	_cleanup_close_ int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return -errno;
	snprintf(address.sun_path, sizeof address.sun_path, "%s/" MONITOR_NOTIFY_SOCKET, fd_path(dir).text);
	if (bind(sock, (struct sockaddr *)&address, sizeof address) < 0 || chmod(address.sun_path, SOCKET_MODE) < 0)
		return -errno;
	return TAKE_FD(sock);
}

int notify_open(struct monitor *monitor, struct error *err)
{
	if (!monitor->plan.notify)
		return 0;
	int sock = open_socket(monitor->options->dir);
	if (sock < 0)
		return err_sys(err, -sock, "make the socket on which the container says that it is ready");
	monitor->notify = (struct watch){ .fd = sock, .ready = notify_ready };
	watch_set(monitor, &monitor->notify, EPOLLIN);
	return 0;
}
