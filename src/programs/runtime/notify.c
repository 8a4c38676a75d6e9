/* SPDX-License-Identifier: Apache-2.0 */
#include "programs/runtime/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/service-manager.h"
#include "base/str.h"
#include "base/util.h"
#include "programs/runtime/activation.h"
#include "runtime/state.h"

#define INSIDE "/run/notify"
#define SOCKET_NAME "notify.sock"

bool notify_is_wanted(void)
{
	return service_manager_waits();
}

/* --- the container's side --- */

void notify_extend_spec(const char *root, const char *id, struct spec *spec)
{
	static const char *const options[] = { "bind", "nosuid", "noexec", "nodev", "ro", NULL };
	_cleanup_free_ char *cwd = *root == '/' ? NULL : getcwd(NULL, 0);
	_cleanup_free_ char *state = mem_printf("%s%s%s/%s", cwd ? cwd : "", cwd ? "/" : "", root, id);
	struct spec_mount *mount = ARRAY_APPEND(spec->mounts, spec->n_mounts);
	mount->destination = mem_strdup(INSIDE);
	mount->type = mem_strdup("bind");
	mount->source = path_join(state, STATE_NOTIFY);
	mount->options = strv_copy((char *const *)options);
	environment_set(&spec->process->env, "NOTIFY_SOCKET", INSIDE "/" SOCKET_NAME);
}

/* Bound by way of the directory's fd: a state root may be deeper than a socket's name can be long. */
static int open_socket(const char *root, const char *id)
{
	_cleanup_free_ char *path = mem_printf("%s/%s/" STATE_NOTIFY, root, id);
	_cleanup_close_ int dir = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_close_ int sock = dir < 0 ? -1 : socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return -errno;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof address.sun_path, "%s/" SOCKET_NAME, fd_path(dir).text);
	/* Whoever the container's program becomes may write to it. */
	if (bind(sock, (struct sockaddr *)&address, sizeof address) < 0 || chmod(address.sun_path, 0777) < 0)
		return -errno;
	return TAKE_FD(sock);
}

void notify_open(struct notify *notify, const char *root, const char *id)
{
	*notify = (struct notify){ .socket = -1 };
	if (!notify_is_wanted())
		return;
	int sock = open_socket(root, id);
	if (sock >= 0) {
		notify->socket = sock;
		return;
	}
	char reason[64];
	log_warn("the service manager will not hear when '%s' is ready: %s", id,
		 sock == -ENOENT ? "it was not created for that" : str_errno(-sock, reason, sizeof reason));
}

void notify_close(struct notify *notify)
{
	fd_close(TAKE_FD(notify->socket));
}

/* --- the manager's side --- */

static void tell_manager(pid_t main_pid, const char *ready)
{
	struct error why = { 0 };
	if (service_manager_tell(ready, main_pid, &why) < 0)
		log_failure(LOG_LEVEL_WARN, "notify", &why);
}

/* The line that says so, with its end; free() it. NULL: there is none. */
static char *find_ready(const char *text)
{
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");
		if (str_starts_with(line, "READY="))
			return mem_printf("%.*s\n", (int)len, line);
		line += len + (line[len] == '\n');
	}
	return NULL;
}

static bool take(const struct notify *notify, char **ret_ready)
{
	char text[4096];
	ssize_t n = recv(notify->socket, text, sizeof text - 1, MSG_DONTWAIT);
	if (n < 0)
		return false;
	text[n] = '\0';
	*ret_ready = find_ready(text);
	return true;
}

void notify_serve(struct notify *notify)
{
	char *ready = NULL;
	while (notify->socket >= 0 && take(notify, &ready)) {
		if (!ready)
			continue;
		tell_manager(notify->main_pid, ready);
		free(ready);
		notify_close(notify);
	}
}

void notify_await(struct notify *notify, int pidfd)
{
	while (notify->socket >= 0) {
		if (pidfd < 0) { /* it has ended by now */
			notify_serve(notify);
			return;
		}
		struct pollfd fds[] = { { .fd = notify->socket, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			break;
		notify_serve(notify); /* what it has said last counts, too */
		if (fds[1].revents)
			break;
	}
}
