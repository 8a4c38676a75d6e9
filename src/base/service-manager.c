/* SPDX-License-Identifier: Apache-2.0 */
#include "base/service-manager.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"

bool service_manager_waits(void)
{
	return !str_is_empty(getenv("NOTIFY_SOCKET"));
}

static int connect_manager(struct error *err)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(name);
	if ((*name != '/' && *name != '@') || len >= sizeof address.sun_path)
		return err_set(err, ERR_UNSUPPORTED, "NOTIFY_SOCKET=%s is not the path of a socket", name);
	memcpy(address.sun_path, name, len);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
	if (*name == '@') { /* an abstract one, of which every byte counts */
		address.sun_path[0] = '\0';
		size--;
	}
	_cleanup_close_ int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0 || connect(sock, (struct sockaddr *)&address, size) < 0)
		return err_sys(err, errno, "connect to NOTIFY_SOCKET=%s", name);
	return TAKE_FD(sock);
}

/* Return only when what was said before has been heard: the manager closes what it gets with this message. */
static void await_manager(int manager)
{
	enum { PATIENCE_MS = 30 * 1000 };
	static const char barrier[] = "BARRIER=1";
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	_cleanup_close_ int ours = ends[0], theirs = ends[1];
	if (fd_send(manager, barrier, sizeof barrier - 1, &theirs, 1) < 0)
		return;
	fd_close(TAKE_FD(theirs));
	struct pollfd event = { .fd = ours };
	(void)RETRY_ON_EINTR(poll(&event, 1, PATIENCE_MS));
}

int service_manager_send(const char *text, struct error *err)
{
	_cleanup_close_ int manager = connect_manager(err);
	if (manager < 0)
		return manager;
	ssize_t n = RETRY_ON_EINTR(send(manager, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL));
	return n < 0 ? err_sys(err, errno, "send to the service manager") : 0;
}

int service_manager_tell(const char *ready, pid_t main_pid, struct error *err)
{
	char text[32];
	_cleanup_close_ int manager = connect_manager(err);
	int r = manager < 0 || !ready ? MIN(manager, 0) : fd_send(manager, ready, strlen(ready), NULL, 0);
	if (r == 0) {
		/* Behind READY: before that, the manager watches whoever it has started. */
		int len = snprintf(text, sizeof text, "MAINPID=%d\n", main_pid);
		r = fd_send(manager, text, (size_t)len, NULL, 0);
	}
	if (manager < 0)
		return manager;
	if (r < 0)
		return err_sys(err, -r, "send to the service manager");
	await_manager(manager);
	return 0;
}
