/* SPDX-License-Identifier: Apache-2.0 */
/* Speaking to a monitor that somebody else has started. */
#include <errno.h>
#include <sys/socket.h>
#include <time.h>

#include "base/time.h"
#include "engine/engine-internal.h"
#include "engine/record.h"

enum {
	PATIENCE_MS = 10 * 1000,
	PAUSE_MS = 2,
};

/* Whether it has a container and will listen: it first starts that, and then has time for us. */
static bool is_about_to_listen(int dir)
{
	struct monitor_status status;
	return monitor_status_read(dir, &status, NULL) >= 0 && status.state != MONITOR_STATE_EXITED;
}

static int connect_patiently(int dir)
{
	int64_t deadline = time_monotonic_ns() + PATIENCE_MS * NSEC_PER_MSEC;
	const struct timespec pause = { .tv_nsec = PAUSE_MS * NSEC_PER_MSEC };
	for (;;) {
		int r = monitor_connect(dir);
		if ((r != -ENOENT && r != -ECONNREFUSED) || !is_about_to_listen(dir) || time_monotonic_ns() > deadline)
			return r;
		(void)nanosleep(&pause, NULL);
	}
}

static bool is_closed(int r)
{
	return r == -EPIPE || r == -ECONNRESET;
}

static int unreachable(const char *id, int r, struct error *err)
{
	if (r == -ENOENT || r == -ECONNREFUSED || is_closed(r))
		return err_set(err, ERR_STATE, "container %.12s is not running", id);
	return err_sys(err, -r, "speak to the monitor of container %.12s", id);
}

int monitor_reach(struct engine *engine, const char *id, struct error *err)
{
	_cleanup_close_ int dir = run_dir_open(engine, id);
	int connection = dir < 0 ? dir : connect_patiently(dir);
	return connection < 0 ? unreachable(id, connection, err) : connection;
}

int monitor_tell(struct engine *engine, const char *id, enum packet_type type, const void *payload, size_t len,
		 struct error *err)
{
	int64_t deadline = time_monotonic_ns() + PATIENCE_MS * NSEC_PER_MSEC;
	for (;;) {
		_cleanup_close_ int connection = monitor_reach(engine, id, err);
		if (connection < 0)
			return connection;
		int r = packet_send(connection, type, payload, len);
		if (r >= 0)
			return TAKE_FD(connection);
		/* A run has ended meanwhile, and with it the connection: there may be another one. */
		if (!is_closed(r) || time_monotonic_ns() > deadline)
			return unreachable(id, r, err);
	}
}

/* Whoever listens on its socket. */
int engine_container_monitor(struct engine *engine, const char *id, pid_t *ret, struct error *err)
{
	struct ucred peer;
	socklen_t len = sizeof peer;
	_cleanup_close_ int connection = monitor_reach(engine, id, err);
	if (connection < 0)
		return connection;
	if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return err_sys(err, errno, "ask for the monitor of container %.12s", id);
	*ret = peer.pid;
	return 0;
}
