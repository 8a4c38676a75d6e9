/* SPDX-License-Identifier: Apache-2.0 */
/* The container's standard streams or terminal. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/time.h"
#include "base/util.h"
#include "monitor/monitor-internal.h"

/* --- The log --- */

static bool log_is_behind(const struct monitor *monitor)
{
	return monitor->unlogged.at < monitor->unlogged.len;
}

/* Wait for the log's driver, as long as anything waits for it. */
static void watch_log(struct monitor *monitor)
{
	bool waits = monitor->log && (log_is_behind(monitor) || container_log_is_waiting(monitor->log));
	watch_set(monitor, &monitor->log_watch, waits ? EPOLLOUT : 0);
}

static void write_log(struct monitor *monitor)
{
	struct unlogged *unlogged = &monitor->unlogged;
	if (!monitor->log || !log_is_behind(monitor))
		return;
	unlogged->at += container_log_write(monitor->log, unlogged->stream, monitor->delivery.data + unlogged->at,
					    unlogged->len - unlogged->at, unlogged->time_ns);
}

static void log_ready(struct monitor *monitor, struct watch *watch, uint32_t events)
{
	container_log_push(monitor->log);
	write_log(monitor);
	watch_log(monitor);
	io_flow(monitor);
}

int io_open_log(struct monitor *monitor, struct error *err)
{
	int r = container_log_open(&monitor->plan.log, &monitor->log, err);
	if (r < 0)
		return r;
	monitor->log_watch =
		(struct watch){ .fd = monitor->log ? container_log_fd(monitor->log) : -1, .ready = log_ready };
	return 0;
}

/* A driver that takes nothing any more has as much time as a peer. */
static void await_log(struct monitor *monitor, bool (*is_done)(struct monitor *monitor))
{
	int64_t deadline = time_monotonic_ns() + MONITOR_PEER_STALL_MS * NSEC_PER_MSEC;
	while (!is_done(monitor)) {
		int64_t left = deadline - time_monotonic_ns();
		if (left <= 0) {
			log_warn("the container's log took nothing for %d ms, output is lost", MONITOR_PEER_STALL_MS);
			break;
		}
		watch_set(monitor, &monitor->log_watch, EPOLLOUT);
		(void)loop_once(monitor, (int)(left / NSEC_PER_MSEC) + 1);
	}
	watch_log(monitor);
}

static bool log_has_caught_up(struct monitor *monitor)
{
	return !monitor->log || !log_is_behind(monitor);
}

/* All of a run is in the log. */
static bool log_is_done(struct monitor *monitor)
{
	return !monitor->log || (!log_is_behind(monitor) && container_log_end_lines(monitor->log, time_now_ns()) &&
				 !container_log_is_waiting(monitor->log));
}

/* --- Output --- */

/* Read once and pass it on. Returns the number of bytes; 0 when there are none now; -1 at the end. */
static ssize_t stream_read(struct monitor *monitor, struct stream *stream)
{
	struct delivery *delivery = &monitor->delivery;
	ssize_t n = RETRY_ON_EINTR(read(stream->watch.fd, delivery->data, sizeof delivery->data - 1));
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0 && errno == EIO && !monitor->ended) {
		stream->unused = true;
		watch_set(monitor, &stream->watch, EPOLLIN | EPOLLET);
		return 0;
	}
	if (n <= 0) {
		watch_close(monitor, &stream->watch);
		return -1;
	}
	stream->unused = false;
	monitor->unlogged = (struct unlogged){ .stream = stream->log, .len = (size_t)n, .time_ns = time_now_ns() };
	if (!monitor->log)
		monitor->unlogged.at = monitor->unlogged.len;
	write_log(monitor);
	watch_log(monitor);
	deliver(monitor, stream->type, (size_t)n);
	io_flow(monitor);
	return n;
}

static void stream_ready(struct monitor *monitor, struct watch *watch, uint32_t events)
{
	(void)stream_read(monitor, (struct stream *)watch);
}

static void set_flow(struct monitor *monitor, bool flow)
{
	for (size_t i = 0; i < ARRAY_SIZE(monitor->streams); i++) {
		struct stream *stream = &monitor->streams[i];
		watch_set(monitor, &stream->watch, !flow ? 0 : stream->unused ? EPOLLIN | EPOLLET : EPOLLIN);
	}
}

void io_flow(struct monitor *monitor)
{
	if (monitor->status.state == MONITOR_STATE_RUNNING && !monitor->ended)
		set_flow(monitor, !monitor->delivery.pending && !log_is_behind(monitor));
}

/*
 * The most that can lie in the stream: whoever else has it open (a process that joined from outside, somebody who got
 * the file sent) may go on writing, but what the container has written comes first.
 */
static size_t capacity(int fd)
{
	int size = fcntl(fd, F_GETPIPE_SZ);
	return size > 0 ? (size_t)size : 1 << 20; /* a terminal; it holds less */
}

static void drain_stream(struct monitor *monitor, struct stream *stream)
{
	size_t left = stream->watch.fd >= 0 ? capacity(stream->watch.fd) : 0;
	while (left > 0 && stream->watch.fd >= 0) {
		delivery_finish(monitor);
		await_log(monitor, log_has_caught_up); /* before more is read over it */
		ssize_t n = stream_read(monitor, stream);
		if (n <= 0)
			break;
		left -= MIN((size_t)n, left);
	}
}

void io_drain(struct monitor *monitor)
{
	set_flow(monitor, false);
	for (size_t i = 0; i < ARRAY_SIZE(monitor->streams); i++)
		drain_stream(monitor, &monitor->streams[i]);
	delivery_finish(monitor);
	await_log(monitor, log_is_done);
	monitor->unlogged = (struct unlogged){ 0 };
}

/* --- Input --- */

bool input_is_free(const struct monitor *monitor)
{
	return monitor->input.len == 0;
}

/* Write as much as the container takes. Returns how much that was; all of it, if nobody will ever read it. */
static size_t write_some(struct monitor *monitor, const char *data, size_t len)
{
	ssize_t n = RETRY_ON_EINTR(write(monitor->input.watch.fd, data, len));
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0 && (errno != EIO || !monitor->input.terminal))
		watch_close(monitor, &monitor->input.watch);
	if (n < 0)
		return len;
	return (size_t)n;
}

static void input_emptied(struct monitor *monitor)
{
	struct input *input = &monitor->input;
	input->at = input->len = 0;
	if (input->ending)
		watch_close(monitor, &input->watch);
	else
		watch_set(monitor, &input->watch, 0);
	peers_unpark(monitor);
}

static void input_ready(struct monitor *monitor, struct watch *watch, uint32_t events)
{
	struct input *input = &monitor->input;
	input->at += write_some(monitor, input->data + input->at, input->len - input->at);
	if (input->at == input->len)
		input_emptied(monitor);
}

void input_write(struct monitor *monitor, const void *data, size_t len)
{
	struct input *input = &monitor->input;
	if (input->watch.fd < 0 || input->ending)
		return;
	size_t written = write_some(monitor, data, len);
	if (written == len)
		return;
	input->len = len - written;
	memcpy(input->data, (const char *)data + written, input->len);
	watch_set(monitor, &input->watch, EPOLLOUT);
}

void input_end(struct monitor *monitor)
{
	struct input *input = &monitor->input;
	if (input->terminal)
		return;
	input->ending = true;
	if (input_is_free(monitor))
		watch_close(monitor, &input->watch);
}

void input_resize(struct monitor *monitor, const struct packet_size *size)
{
	struct winsize window = { .ws_row = size->rows, .ws_col = size->columns };
	if (monitor->input.terminal)
		(void)ioctl(monitor->streams[0].watch.fd, TIOCSWINSZ, &window);
}

/* --- Setting up --- */

static void stream_init(struct stream *stream, int fd, bool is_error)
{
	stream->watch = (struct watch){ .fd = fd, .ready = stream_ready };
	stream->type = is_error ? PACKET_STDERR : PACKET_STDOUT;
	stream->log = is_error ? LOG_STDERR : LOG_STDOUT;
}

static void input_init(struct input *input, int fd, bool terminal)
{
	input->watch = (struct watch){ .fd = fd, .ready = input_ready };
	input->terminal = terminal;
}

void stdio_ends_done(struct stdio_ends *ends)
{
	for (size_t i = 0; i < ARRAY_SIZE(ends->fds); i++)
		fd_close(TAKE_FD(ends->fds[i]));
}

/* The program expects blocking files, so only our end is made non-blocking. */
static int open_pipe(int *ret_read, int *ret_write, bool we_read, struct error *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	(void)fd_set_nonblocking(ends[we_read ? 0 : 1], true);
	*ret_read = ends[0];
	*ret_write = ends[1];
	return 0;
}

static int open_input_pipe(struct monitor *monitor, int *ret_end, struct error *err)
{
	int ours = -1, theirs = -1;
	if (monitor->plan.open_stdin) {
		int r = open_pipe(&theirs, &ours, false, err);
		if (r < 0)
			return r;
	} else {
		theirs = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (theirs < 0)
			return err_sys(err, errno, "open '/dev/null'");
	}
	input_init(&monitor->input, ours, false);
	*ret_end = theirs;
	return 0;
}

/* Its streams are our own, which are our starter's: nothing passes through our hands. */
static int pass_through(const struct monitor_plan *plan, struct stdio_ends *ret, struct error *err)
{
	_cleanup_stdio_ends_ struct stdio_ends ends = { .fds = { -1, -1, -1 } };
	for (int i = 0; i < 3; i++) {
		bool input_unwanted = i == STDIN_FILENO && !plan->open_stdin;
		ends.fds[i] = input_unwanted ? open("/dev/null", O_RDONLY | O_CLOEXEC)
					     : fcntl(i, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		if (ends.fds[i] < 0)
			return err_sys(err, errno, "duplicate a standard stream");
	}
	*ret = ends;
	ends = (struct stdio_ends){ .fds = { -1, -1, -1 } };
	return 0;
}

int io_open_pipes(struct monitor *monitor, struct stdio_ends *ret, struct error *err)
{
	if (monitor->plan.log.driver == LOG_DRIVER_PASSTHROUGH)
		return pass_through(&monitor->plan, ret, err);
	_cleanup_stdio_ends_ struct stdio_ends ends = { .fds = { -1, -1, -1 } };
	int r = open_input_pipe(monitor, &ends.fds[0], err);
	for (int i = 0; r >= 0 && i < 2; i++) {
		int ours = -1;
		r = open_pipe(&ours, &ends.fds[i + 1], true, err);
		stream_init(&monitor->streams[i], ours, i == 1);
	}
	if (r < 0)
		return r;
	for (int i = 0; i < 3; i++)
		ret->fds[i] = TAKE_FD(ends.fds[i]);
	return 0;
}

int io_open_terminal(struct monitor *monitor, int *console, struct error *err)
{
	/* Two numbers for one file, because the loop waits for reading and for writing apart. */
	int input = monitor->plan.open_stdin ? fcntl(*console, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : -1;
	if (monitor->plan.open_stdin && input < 0)
		return err_sys(err, errno, "duplicate the terminal");
	(void)fd_set_nonblocking(*console, true);
	input_init(&monitor->input, input, true);
	stream_init(&monitor->streams[0], TAKE_FD(*console), false);
	return 0;
}

void io_reset(struct monitor *monitor)
{
	for (size_t i = 0; i < ARRAY_SIZE(monitor->streams); i++)
		monitor->streams[i].watch = (struct watch){ .fd = -1 };
	monitor->input.watch = (struct watch){ .fd = -1 };
	monitor->input.at = monitor->input.len = 0;
	monitor->input.ending = false;
	monitor->input_once = NULL;
}

void io_close(struct monitor *monitor)
{
	for (size_t i = 0; i < ARRAY_SIZE(monitor->streams); i++)
		watch_close(monitor, &monitor->streams[i].watch);
	watch_close(monitor, &monitor->input.watch);
}
