/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"

#define PROGRESS_INTERVAL_NS (NSEC_PER_SEC / 10)

static const char *const STATE_NAMES[] = {
	[LAYER_WAITING] = "waiting",	 [LAYER_DOWNLOADING] = "downloading",
	[LAYER_VERIFYING] = "verifying", [LAYER_EXTRACTING] = "extracting",
	[LAYER_DONE] = "done",		 [LAYER_EXISTS] = "exists",
	[LAYER_UPLOADING] = "uploading", [LAYER_MOUNTED] = "mounted",
};

int transfer_open(int out, struct transfer *ret, struct error *err)
{
	sigset_t stop;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &stop, NULL) < 0)
		return err_sys(err, errno, "block signals");
	int fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return err_sys(err, errno, "watch for signals");
	*ret = (struct transfer){ .out = out, .stop_fd = fd };
	return 0;
}

void transfer_close(struct transfer *transfer)
{
	fd_close(transfer->stop_fd);
	transfer->stop_fd = -1;
}

/* --- stopping --- */

void transfer_watch(const struct transfer *transfer, struct pollfd fds[static TRANSFER_FDS])
{
	fds[0] = (struct pollfd){ .fd = transfer->stop_fd, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = transfer->out }; /* its errors are always told */
}

static int engine_gone(struct error *err)
{
	return err_set(err, ERR_CANCELLED, "interrupted: nobody reads the answers");
}

static int interrupted(const struct transfer *transfer, struct error *err)
{
	struct signalfd_siginfo info = { 0 };
	ssize_t n = read(transfer->stop_fd, &info, sizeof info);
	return err_set(err, ERR_CANCELLED, "interrupted by SIG%s",
		       n == sizeof info ? signal_name((int)info.ssi_signo) : "TERM");
}

int transfer_check(const struct transfer *transfer, const struct pollfd fds[static TRANSFER_FDS], struct error *err)
{
	if (fds[0].revents)
		return interrupted(transfer, err);
	return fds[1].revents & (POLLERR | POLLHUP | POLLNVAL) ? engine_gone(err) : 0;
}

int transfer_wait(const struct transfer *transfer, int fd, short events, int timeout_ms, struct error *err)
{
	struct pollfd fds[TRANSFER_FDS + 1];
	transfer_watch(transfer, fds);
	fds[TRANSFER_FDS] = (struct pollfd){ .fd = fd, .events = events };
	if (RETRY_ON_EINTR(poll(fds, TRANSFER_FDS + 1, timeout_ms)) < 0)
		return err_sys(err, errno, "poll");
	return transfer_check(transfer, fds, err);
}

/* --- telling --- */

/* Whether PIPE_BUF bytes can be written without waiting; else wait for it, or for the order to stop. */
static int wait_writable(const struct transfer *transfer, int timeout_ms, struct error *err)
{
	struct pollfd fds[TRANSFER_FDS];
	transfer_watch(transfer, fds);
	fds[1].events = POLLOUT;
	if (RETRY_ON_EINTR(poll(fds, TRANSFER_FDS, timeout_ms)) < 0)
		return err_sys(err, errno, "poll");
	int r = transfer_check(transfer, fds, err);
	return r < 0 ? r : (fds[1].revents & POLLOUT) != 0;
}

int transfer_send(const struct transfer *transfer, struct json_object *event, struct error *err)
{
	_cleanup_free_ char *line = mem_printf("%s\n", json_text(event));
	json_object_put(event);
	size_t len = strlen(line);
	for (size_t done = 0; done < len;) {
		int r = wait_writable(transfer, -1, err);
		if (r < 0)
			return r;
		ssize_t n = write(transfer->out, line + done, MIN(len - done, (size_t)PIPE_BUF));
		if (n >= 0)
			done += (size_t)n;
		else if (errno == EPIPE)
			return engine_gone(err);
		else if (errno != EINTR && errno != EAGAIN)
			return err_sys(err, errno, "write an answer");
	}
	return 0;
}

static struct json_object *layer_event(const char *digest, enum layer_state state)
{
	struct json_object *event = json_object_new_object();
	json_add_string(event, "event", "layer");
	json_add_string(event, "digest", digest);
	json_add_string(event, "state", STATE_NAMES[state]);
	return event;
}

int transfer_mounted(const struct transfer *transfer, const char *digest, const char *from, struct error *err)
{
	struct json_object *event = layer_event(digest, LAYER_MOUNTED);
	json_add_string(event, "from", from);
	return transfer_send(transfer, event, err);
}

int transfer_progress(const struct transfer *transfer, struct layer_progress *progress, const char *digest,
		      enum layer_state state, uint64_t current, uint64_t total, struct error *err)
{
	int64_t now = time_monotonic_ns();
	bool changed = !progress->any || progress->state != state;
	if (!changed && now - progress->said_ns < PROGRESS_INTERVAL_NS)
		return 0;
	int r = changed ? 1 : wait_writable(transfer, 0, err);
	if (r <= 0)
		return r;
	*progress = (struct layer_progress){ .any = true, .state = state, .said_ns = now };
	struct json_object *event = layer_event(digest, state);
	json_add_i64(event, "current", (int64_t)current);
	json_add_i64(event, "total", (int64_t)total);
	return transfer_send(transfer, event, err);
}
