/* SPDX-License-Identifier: Apache-2.0 */
#include "programs/runtime/relay.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"

static void direction_begin(struct relay_direction *direction, int from, int to)
{
	direction->from = from;
	direction->to = to;
	direction->open = true;
	direction->begin = direction->end = 0;
}

int relay_begin(struct relay *relay, int master, struct error *err)
{
	relay->master = master;
	relay->raw = false;
	if (master < 0)
		return 0;
	direction_begin(&relay->in, STDIN_FILENO, master);
	direction_begin(&relay->out, master, STDOUT_FILENO);
	(void)fd_set_nonblocking(master, true);
	relay_resize(relay);
	if (!isatty(STDIN_FILENO))
		return 0;
	int r = terminal_make_raw(STDIN_FILENO, err);
	relay->raw = r >= 0;
	return r < 0 ? r : 0;
}

void relay_resize(struct relay *relay)
{
	struct terminal_size own;
	if (relay->master < 0 || !terminal_size(STDIN_FILENO, &own))
		return;
	struct winsize size = { .ws_row = own.rows, .ws_col = own.columns };
	(void)ioctl(relay->master, TIOCSWINSZ, &size);
}

/* A direction reads while its buffer is empty and writes while it is not. */
static void direction_poll(const struct relay_direction *direction, struct pollfd fds[2])
{
	bool full = direction->begin < direction->end;
	fds[0] = (struct pollfd){ .fd = direction->open && !full ? direction->from : -1, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = direction->open && full ? direction->to : -1, .events = POLLOUT };
}

static void direction_read(struct relay_direction *direction)
{
	ssize_t n = read(direction->from, direction->data, sizeof direction->data);
	if (n > 0) {
		direction->begin = 0;
		direction->end = (size_t)n;
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		direction->open = false; /* a master whose slaves are all closed says EIO */
	}
}

static void direction_write(struct relay_direction *direction)
{
	ssize_t n = write(direction->to, direction->data + direction->begin, direction->end - direction->begin);
	if (n > 0)
		direction->begin += (size_t)n;
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		direction->open = false;
}

void relay_poll(const struct relay *relay, struct pollfd fds[static RELAY_FDS])
{
	for (int i = 0; i < RELAY_FDS; i++)
		fds[i] = (struct pollfd){ .fd = -1 };
	if (relay->master < 0)
		return;
	direction_poll(&relay->in, &fds[0]);
	direction_poll(&relay->out, &fds[2]);
}

void relay_serve(struct relay *relay, const struct pollfd fds[static RELAY_FDS])
{
	if (fds[0].revents)
		direction_read(&relay->in);
	if (fds[1].revents)
		direction_write(&relay->in);
	if (fds[2].revents)
		direction_read(&relay->out);
	if (fds[3].revents)
		direction_write(&relay->out);
}

void relay_end(struct relay *relay)
{
	if (relay->master < 0)
		return;
	do {
		while (relay->out.open && relay->out.begin < relay->out.end)
			direction_write(&relay->out);
		relay->out.begin = relay->out.end = 0;
		direction_read(&relay->out);
	} while (relay->out.open && relay->out.end > 0);
	if (relay->raw)
		terminal_restore();
}
