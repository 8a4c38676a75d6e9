/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/attach.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "cli/report.h"
#include "cli/terminal.h"

enum { INPUT_MAX = 32 * 1024 };
static_assert(INPUT_MAX + DETACH_KEYS_MAX < MONITOR_PACKET_MAX, "input fits into a packet");

struct attach {
	struct attach_options options;
	sigset_t old_mask;
	struct sigaction old_pipe;
	int signals; /* signalfd */
	int connection;

	/* what waits to be sent */
	bool resize_due;
	bool eof_due;
	char input[INPUT_MAX + DETACH_KEYS_MAX];
	size_t input_len;
	bool input_open; /* there is more to read */
	bool raw;	 /* it comes from a terminal that we have made raw */
	bool deaf;	 /* the monitor takes nothing any more */

	/* what waits to be written: a part of `packet` */
	char packet[MONITOR_PACKET_MAX];
	const char *output;
	size_t output_len;
	int output_fd;
	int64_t output_since;		/* of the monotonic clock */
	bool closed[STDERR_FILENO + 1]; /* those of our streams whose readers have left */

	bool ended;
	struct attach_result result;
};

/* --- Signals --- */

static const int FORWARDED[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT, SIGWINCH };

static sigset_t signals_to_take(const struct attach_options *options)
{
	sigset_t set;
	sigemptyset(&set);
	if (options->tty) {
		sigaddset(&set, SIGWINCH);
		sigaddset(&set, SIGCONT);
	}
	if (!options->sig_proxy)
		return set;
	for (size_t i = 0; i < ARRAY_SIZE(FORWARDED); i++)
		sigaddset(&set, FORWARDED[i]);
	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
		sigaddset(&set, sig);
	return set;
}

/*
 * That our window has changed is nothing to a container that does not see it; programs without a terminal take the
 * signal for something else (a web server shuts down). One that somebody sent on purpose is passed on.
 */
static bool is_for_container(const struct attach *attach, const struct signalfd_siginfo *info)
{
	bool from_process = info->ssi_code <= 0;
	if (info->ssi_signo == SIGWINCH)
		return attach->options.sig_proxy && !attach->options.tty && from_process;
	return attach->options.sig_proxy;
}

static void take_signal(struct attach *attach)
{
	struct signalfd_siginfo info;
	if (read(attach->signals, &info, sizeof info) != (ssize_t)sizeof info)
		return;
	if (attach->options.tty && info.ssi_signo == SIGCONT)
		terminal_raw_again();
	if (attach->options.tty && (info.ssi_signo == SIGWINCH || info.ssi_signo == SIGCONT))
		attach->resize_due = true;
	if (is_for_container(attach, &info))
		attach->options.send_signal(attach->options.context, (int)info.ssi_signo);
}

/* --- Input --- */

/* A raw terminal has no end but that it is gone: the line is down, or its window was closed. */
static void take_end_of_input(struct attach *attach)
{
	attach->input_open = false;
	attach->eof_due = !attach->raw;
	if (!attach->raw)
		return;
	if (attach->options.sig_proxy)
		attach->options.send_signal(attach->options.context, SIGHUP);
	attach->ended = true;
	attach->result.end = ATTACH_HUNG_UP;
}

static void take_input(struct attach *attach)
{
	char buf[INPUT_MAX];
	ssize_t n = read(STDIN_FILENO, buf, sizeof buf);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		take_end_of_input(attach);
		return;
	}
	bool detach;
	attach->input_len = detach_keys_filter(&attach->options.detach_keys, buf, (size_t)n, attach->input, &detach);
	if (!detach)
		return;
	if (attach->input_len > 0)
		(void)packet_send(attach->connection, PACKET_STDIN, attach->input, attach->input_len);
	attach->ended = true;
	attach->result.end = ATTACH_DETACHED;
}

/* --- To the monitor --- */

/* Returns whether the packet is off; if not, it is tried again when the connection takes more. */
static bool send_packet(struct attach *attach, enum packet_type type, const void *payload, size_t len)
{
	int r = packet_send(attach->connection, type, payload, len);
	if (r == -EAGAIN || r == -EINTR)
		return false;
	if (r < 0) {
		attach->deaf = true;
		attach->input_open = false;
	}
	return true;
}

static bool send_size(struct attach *attach)
{
	struct terminal_size size;
	if (!attach->resize_due || (!terminal_size(STDOUT_FILENO, &size) && !terminal_size(STDIN_FILENO, &size)))
		return true;
	const struct packet_size packet = { .rows = size.rows, .columns = size.columns };
	return send_packet(attach, PACKET_RESIZE, &packet, sizeof packet);
}

static bool send_input(struct attach *attach)
{
	if (attach->input_len > 0) {
		if (!send_packet(attach, PACKET_STDIN, attach->input, attach->input_len))
			return false;
		attach->input_len = 0;
	}
	return !attach->eof_due || send_packet(attach, PACKET_STDIN, NULL, 0);
}

static bool has_something_to_send(const struct attach *attach)
{
	bool due = attach->resize_due || attach->input_len > 0 || attach->eof_due;
	return due && !attach->deaf;
}

static void send_due(struct attach *attach)
{
	if (!send_size(attach))
		return;
	attach->resize_due = false;
	if (send_input(attach))
		attach->eof_due = false;
}

/* --- From the monitor --- */

static int take_output(struct attach *attach, int fd, const void *data, size_t len)
{
	if (!attach->closed[fd] && len > 0) {
		attach->output_fd = fd;
		attach->output = data;
		attach->output_len = len;
		attach->output_since = time_monotonic_ns();
	}
	return 0;
}

static int take_exit(struct attach *attach, const void *text, size_t len, struct error *err)
{
	attach->ended = true;
	attach->result.end = ATTACH_EXITED;
	return monitor_status_parse(text, len, &attach->result.status, err);
}

static int take_packet(struct attach *attach, struct error *err)
{
	enum packet_type type;
	const void *payload;
	size_t len;
	int r = packet_receive(attach->connection, attach->packet, &type, &payload, &len);
	if (r == -EAGAIN || r == -EINTR)
		return 0;
	if (r == -EPROTO)
		return err_set(err, ERR_INTERNAL, "the monitor sent a packet that makes no sense");
	if (r <= 0) {
		attach->ended = true;
		attach->result.end = ATTACH_LOST;
		return 0;
	}
	switch (type) {
	case PACKET_STDOUT:
		return take_output(attach, STDOUT_FILENO, payload, len);
	case PACKET_STDERR:
		return take_output(attach, STDERR_FILENO, payload, len);
	case PACKET_EXIT:
		return take_exit(attach, payload, len, err);
	case PACKET_ERROR:
		return packet_error(payload, len, err);
	case PACKET_CREATED:
	case PACKET_STARTED:
		return 0;
	default:
		return err_set(err, ERR_INTERNAL, "the monitor sent a packet that is for monitors");
	}
}

/* --- Output --- */

/*
 * How much poll()'s word that @fd takes something holds for: pipes promise PIPE_BUF bytes (pipe(7)), a file takes all.
 * The stream may be shared with other programs, so that it cannot be made non-blocking.
 */
static size_t chunk_size(int fd, size_t len)
{
	struct stat st;
	bool is_file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	return is_file ? len : MIN(len, (size_t)PIPE_BUF);
}

static void note_stall(struct attach *attach)
{
	bool done = attach->output_len == 0;
	if (done && time_monotonic_ns() - attach->output_since >= MONITOR_PEER_STALL_MS * NSEC_PER_MSEC)
		attach->result.stalled = true;
}

static void write_output(struct attach *attach)
{
	int fd = attach->output_fd;
	ssize_t n = write(fd, attach->output, chunk_size(fd, attach->output_len));
	if (n >= 0) {
		attach->output += n;
		attach->output_len -= (size_t)n;
		note_stall(attach);
		return;
	}
	if (errno == EINTR || errno == EAGAIN)
		return;
	char why[64];
	if (errno == EPIPE) {
		attach->ended = true;
		attach->result.end = ATTACH_UNREAD;
		return;
	}
	report_notice("cannot write the container's output: %s; it goes on without", str_errno(errno, why, sizeof why));
	attach->closed[fd] = true;
	attach->output_len = 0;
}

/* --- The loop --- */

enum { POLL_CONNECTION, POLL_SIGNALS, POLL_INPUT, POLL_OUTPUT, POLL_COUNT };

/* A negative fd is one that poll() leaves out. */
static void choose_events(const struct attach *attach, struct pollfd fds[static POLL_COUNT])
{
	bool writing = attach->output_len > 0, reading = attach->input_open && attach->input_len == 0;
	short events = (short)((writing ? 0 : POLLIN) | (has_something_to_send(attach) ? POLLOUT : 0));
	fds[POLL_CONNECTION] = (struct pollfd){ .fd = events ? attach->connection : -1, .events = events };
	fds[POLL_SIGNALS] = (struct pollfd){ .fd = attach->signals, .events = POLLIN };
	fds[POLL_INPUT] = (struct pollfd){ .fd = reading ? STDIN_FILENO : -1, .events = POLLIN };
	fds[POLL_OUTPUT] = (struct pollfd){ .fd = writing ? attach->output_fd : -1, .events = POLLOUT };
}

static int do_what_is_ready(struct attach *attach, const struct pollfd fds[static POLL_COUNT], struct error *err)
{
	if (fds[POLL_SIGNALS].revents)
		take_signal(attach);
	if (fds[POLL_INPUT].revents)
		take_input(attach);
	if (fds[POLL_OUTPUT].revents)
		write_output(attach);
	if (has_something_to_send(attach) && !attach->ended)
		send_due(attach);
	bool heard = fds[POLL_CONNECTION].revents & (POLLIN | POLLHUP | POLLERR);
	if (heard && attach->output_len == 0 && !attach->ended)
		return take_packet(attach, err);
	return 0;
}

static int loop(struct attach *attach, struct error *err)
{
	while (!attach->ended) {
		struct pollfd fds[POLL_COUNT];
		choose_events(attach, fds);
		if (poll(fds, POLL_COUNT, -1) < 0) {
			if (errno == EINTR)
				continue;
			return err_sys(err, errno, "wait for the container's output");
		}
		int r = do_what_is_ready(attach, fds, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int attach_run(struct attach *attach, int connection, struct attach_result *ret, struct error *err)
{
	bool typed = attach->options.input && isatty(STDIN_FILENO);
	attach->connection = connection;
	if (!typed) /* in a file they are bytes like others */
		attach->options.detach_keys.count = 0;
	attach->input_open = attach->options.input;
	attach->resize_due = attach->options.tty;
	int r = fd_set_nonblocking(connection, true);
	if (r < 0)
		return err_sys(err, -r, "set up the connection to the monitor");
	if (typed && attach->options.tty) {
		r = terminal_make_raw(STDIN_FILENO, err);
		if (r < 0)
			return r;
		attach->raw = true;
	}
	r = loop(attach, err);
	terminal_restore();
	if (r < 0)
		return r;
	*ret = attach->result;
	return 0;
}

int attach_new(const struct attach_options *options, struct attach **ret, struct error *err)
{
	sigset_t set = signals_to_take(options);
	int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return err_sys(err, errno, "make a signalfd");
	struct attach *attach = NEW(struct attach);
	attach->options = *options;
	attach->signals = signals;
	attach->closed[STDOUT_FILENO] = options->no_stdout;
	attach->closed[STDERR_FILENO] = options->no_stderr;
	sigprocmask(SIG_BLOCK, &set, &attach->old_mask);
	const struct sigaction pipe = { .sa_handler = SIG_IGN }; /* A3 */
	sigaction(SIGPIPE, &pipe, &attach->old_pipe);
	*ret = attach;
	return 0;
}

/* Signals that came after the container's end were meant for it: they are dropped. */
static void drain_signals(struct attach *attach)
{
	struct signalfd_siginfo info;
	while (read(attach->signals, &info, sizeof info) == (ssize_t)sizeof info)
		;
}

void attach_free(struct attach *attach)
{
	if (!attach)
		return;
	drain_signals(attach);
	sigprocmask(SIG_SETMASK, &attach->old_mask, NULL);
	sigaction(SIGPIPE, &attach->old_pipe, NULL);
	fd_close(attach->signals);
	free(attach);
}
