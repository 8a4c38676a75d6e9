/* SPDX-License-Identifier: Apache-2.0 */
/* Who is connected: what they say, and what they get. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/time.h"
#include "base/util.h"
#include "monitor/monitor-internal.h"

/* Who is parked may leave and its input still arrives; if all ends with its peers, leaving is heard at once. */
static void peer_update(struct monitor *monitor, struct peer *peer)
{
	uint32_t input = !peer->parked ? EPOLLIN : monitor->ends_with_peers ? EPOLLRDHUP : 0u;
	watch_set(monitor, &peer->watch, input | (peer->owed ? EPOLLOUT : 0u));
}

/* Try to hand the current delivery to those who have not taken it. */
static void delivery_push(struct monitor *monitor)
{
	struct delivery *delivery = &monitor->delivery;
	bool pending = false;
	for (size_t i = 0; i < MONITOR_PEERS_MAX; i++) {
		struct peer *peer = &monitor->peers[i];
		if (!peer->owed)
			continue;
		int r = packet_send(peer->watch.fd, delivery->type, delivery->data, delivery->len);
		peer->owed = r == -EAGAIN;
		pending |= peer->owed;
		delivery->owner_has_it |= r == 0 && peer->owner;
		/* One that has left may have said something before, and is dropped when that has been heard. */
		peer_update(monitor, peer);
	}
	bool changed = pending != delivery->pending;
	delivery->pending = pending;
	if (changed)
		io_flow(monitor);
}

static void peer_drop(struct monitor *monitor, struct peer *peer)
{
	bool owed = peer->owed;
	watch_close(monitor, &peer->watch);
	bool ends_input = monitor->plan.stdin_once && (peer->owner || monitor->input_once == peer);
	*peer = (struct peer){ .watch = { .fd = -1, .ready = peer->watch.ready } };
	if (ends_input)
		input_end(monitor);
	if (owed)
		delivery_push(monitor); /* nobody waits for him any more */
}

/* --- What they say: handlers return 0, or -EPROTO for what makes no sense --- */

static int on_start(struct monitor *monitor, struct peer *peer, const void *payload, size_t len)
{
	if (monitor->start_asked)
		return -EPROTO;
	monitor->start_asked = true;
	return 0;
}

static int on_stdin(struct monitor *monitor, struct peer *peer, const void *payload, size_t len)
{
	if (!monitor->input_once)
		monitor->input_once = peer;
	if (len == 0)
		input_end(monitor);
	else
		input_write(monitor, payload, len);
	return 0;
}

static int on_resize(struct monitor *monitor, struct peer *peer, const void *payload, size_t len)
{
	struct packet_size size;
	memcpy(&size, payload, sizeof size);
	input_resize(monitor, &size);
	return 0;
}

static int on_signal(struct monitor *monitor, struct peer *peer, const void *payload, size_t len)
{
	int32_t sig;
	memcpy(&sig, payload, sizeof sig);
	if (sig < 1 || sig > SIGRTMAX)
		return -EPROTO;
	stop_signal(monitor, sig);
	return 0;
}

static int on_stop(struct monitor *monitor, struct peer *peer, const void *payload, size_t len)
{
	struct packet_stop wish;
	memcpy(&wish, payload, sizeof wish);
	if (wish.signal < 0 || wish.signal > SIGRTMAX || wish.timeout_ms < -1 || wish.reason < 0 ||
	    wish.reason >= STOP_REASON_COUNT)
		return -EPROTO;
	stop_ask(monitor, &wish);
	return 0;
}

/* Whoever has said it waits for the end of the connection. */
static int on_policy(struct monitor *monitor, struct peer *peer, const void *payload, size_t len)
{
	struct packet_policy policy;
	memcpy(&policy, payload, sizeof policy);
	if (monitor->exec_of || policy.restart < 0 || policy.restart > RESTART_UNLESS_STOPPED || policy.restart_max < 0)
		return -EPROTO;
	monitor->plan.restart = (enum restart_policy)policy.restart;
	monitor->plan.restart_max = policy.restart_max;
	peer_drop(monitor, peer);
	return 0;
}

static int on_deaf(struct monitor *monitor, struct peer *peer, const void *payload, size_t len)
{
	if (monitor->exec_of)
		return -EPROTO;
	relay_end(monitor);
	peer_drop(monitor, peer);
	return 0;
}

static int on_owner(struct monitor *monitor, struct peer *peer, const void *payload, size_t len)
{
	peer->owner = true;
	return 0;
}

static int on_mute(struct monitor *monitor, struct peer *peer, const void *payload, size_t len)
{
	peer->mute = true;
	return 0;
}

/* The connection is another process's from here on. */
static int on_exec(struct monitor *monitor, struct peer *peer, const void *payload, size_t len)
{
	if (monitor->exec_of)
		return -EPROTO;
	exec_begin(monitor, peer->watch.fd);
	peer_drop(monitor, peer);
	return 0;
}

static int on_leave(struct monitor *monitor, struct peer *peer, const void *payload, size_t len)
{
	if (!monitor->exec_of)
		return -EPROTO;
	monitor->ends_with_peers = false;
	event_exec_detached(monitor);
	return 0;
}

static const struct {
	enum packet_type type;
	int (*handle)(struct monitor *monitor, struct peer *peer, const void *payload, size_t len);
} HANDLERS[] = {
	{ PACKET_START, on_start },   { PACKET_STDIN, on_stdin }, { PACKET_RESIZE, on_resize },
	{ PACKET_SIGNAL, on_signal }, { PACKET_STOP, on_stop },	  { PACKET_OWNER, on_owner },
	{ PACKET_POLICY, on_policy }, { PACKET_MUTE, on_mute },	  { PACKET_EXEC, on_exec },
	{ PACKET_LEAVE, on_leave },   { PACKET_DEAF, on_deaf },
};

static int dispatch(struct monitor *monitor, struct peer *peer, enum packet_type type, const void *payload, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(HANDLERS); i++)
		if (HANDLERS[i].type == type)
			return HANDLERS[i].handle(monitor, peer, payload, len);
	return -EPROTO;
}

/* There is one packet's room for input that the container has not taken yet. */
static bool has_to_wait(struct monitor *monitor, struct peer *peer)
{
	enum packet_type type;
	return !input_is_free(monitor) && packet_peek(peer->watch.fd, &type) > 0 && type == PACKET_STDIN;
}

/* Take one packet. Returns 1; 0 if there is none to take now; -1 if the peer is gone. */
static int peer_receive(struct monitor *monitor, struct peer *peer)
{
	enum packet_type type;
	const void *payload;
	size_t len;
	if (has_to_wait(monitor, peer)) {
		peer->parked = true;
		peer_update(monitor, peer);
		return 0;
	}
	int r = packet_receive(peer->watch.fd, monitor->packet, &type, &payload, &len);
	/* It has left without reading all; that is told first, and what it said before is still there. */
	if (r == -ECONNRESET)
		r = packet_receive(peer->watch.fd, monitor->packet, &type, &payload, &len);
	if (r == -EAGAIN)
		return 0;
	if (r > 0)
		r = dispatch(monitor, peer, type, payload, len) < 0 ? -EPROTO : 1;
	if (r == -EPROTO)
		log_warn("a peer has sent a packet that makes no sense, and was disconnected");
	if (r <= 0) {
		peer_drop(monitor, peer);
		return -1;
	}
	return 1;
}

void peers_unpark(struct monitor *monitor)
{
	for (size_t i = 0; i < MONITOR_PEERS_MAX; i++) {
		monitor->peers[i].parked = false;
		peer_update(monitor, &monitor->peers[i]);
	}
}

void peers_hear(struct monitor *monitor)
{
	enum { LOOK_AHEAD = 64 }; /* packets */
	for (size_t i = 0; i < MONITOR_PEERS_MAX; i++) {
		struct peer *peer = &monitor->peers[i];
		for (int n = 0; n < LOOK_AHEAD && peer->watch.fd >= 0 && peer_receive(monitor, peer) > 0; n++)
			;
	}
}

/* --- What they get --- */

static bool is_due(const struct peer *peer, enum packet_type type)
{
	bool output = type == PACKET_STDOUT || type == PACKET_STDERR;
	return peer->watch.fd >= 0 && !(peer->mute && output);
}

void deliver(struct monitor *monitor, enum packet_type type, size_t len)
{
	struct delivery *delivery = &monitor->delivery;
	delivery->type = type;
	delivery->len = len;
	delivery->owner_has_it = false;
	delivery->deadline_ns = time_monotonic_ns() + MONITOR_PEER_STALL_MS * NSEC_PER_MSEC;
	for (size_t i = 0; i < MONITOR_PEERS_MAX; i++)
		monitor->peers[i].owed = is_due(&monitor->peers[i], type);
	delivery_push(monitor);
}

void deliver_copy(struct monitor *monitor, enum packet_type type, const void *data, size_t len)
{
	delivery_finish(monitor);
	if (len > 0)
		memcpy(monitor->delivery.data, data, len);
	deliver(monitor, type, len);
}

/* The owner's pace is the container's, as with a pipe; nobody else may hold it up for long (M3). */
static bool is_stalling(const struct peer *peer)
{
	return peer->owed && !peer->owner;
}

static bool somebody_is_stalling(const struct monitor *monitor)
{
	for (size_t i = 0; i < MONITOR_PEERS_MAX; i++)
		if (is_stalling(&monitor->peers[i]))
			return true;
	return false;
}

int delivery_timeout_ms(const struct monitor *monitor)
{
	if (!monitor->delivery.pending || !somebody_is_stalling(monitor))
		return -1;
	int64_t left = monitor->delivery.deadline_ns - time_monotonic_ns();
	return left > 0 ? (int)((left + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC) : 0;
}

void delivery_expire(struct monitor *monitor)
{
	if (delivery_timeout_ms(monitor) != 0)
		return;
	for (size_t i = 0; i < MONITOR_PEERS_MAX; i++) {
		if (is_stalling(&monitor->peers[i])) {
			log_warn("a peer did not read for %d ms, and was disconnected", MONITOR_PEER_STALL_MS);
			peer_drop(monitor, &monitor->peers[i]);
		}
	}
}

void delivery_finish(struct monitor *monitor)
{
	while (monitor->delivery.pending)
		(void)loop_once(monitor, -1);
}

/* --- Coming and going --- */

static void peer_ready(struct monitor *monitor, struct watch *watch, uint32_t events)
{
	struct peer *peer = (struct peer *)watch;
	if (events & EPOLLOUT)
		delivery_push(monitor);
	if (peer->parked && (events & EPOLLHUP))
		peer_drop(monitor, peer);
	if (peer->watch.fd >= 0 && (events & ~EPOLLOUT))
		(void)peer_receive(monitor, peer);
}

static bool peer_is_trusted(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof peer;
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && (peer.uid == 0 || peer.uid == geteuid());
}

void peer_add(struct monitor *monitor, int fd)
{
	_cleanup_close_ int sock = fd;
	if (!peer_is_trusted(sock)) {
		log_warn("a connection from another user was refused");
		return;
	}
	for (size_t i = 0; i < MONITOR_PEERS_MAX; i++) {
		if (monitor->peers[i].watch.fd >= 0)
			continue;
		(void)fd_set_nonblocking(sock, true);
		monitor->peers[i].watch.fd = TAKE_FD(sock);
		peer_update(monitor, &monitor->peers[i]);
		return;
	}
	log_warn("a connection was refused: %d are open already", MONITOR_PEERS_MAX);
}

size_t peers_count(const struct monitor *monitor)
{
	size_t count = 0;
	for (size_t i = 0; i < MONITOR_PEERS_MAX; i++)
		count += monitor->peers[i].watch.fd >= 0;
	return count;
}

void peers_init(struct monitor *monitor)
{
	for (size_t i = 0; i < MONITOR_PEERS_MAX; i++)
		monitor->peers[i].watch = (struct watch){ .fd = -1, .ready = peer_ready };
}

static void listener_ready(struct monitor *monitor, struct watch *watch, uint32_t events)
{
	/* cppcheck-suppress nullPointer ; an address is not asked for */
	int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		peer_add(monitor, fd);
}

int peers_listen(struct monitor *monitor, struct error *err)
{
	_cleanup_close_ int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return err_sys(err, errno, "make a socket");
	/* By way of the directory's fd, for the path itself may be longer than an address can be. */
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof address.sun_path, "%s/" MONITOR_SOCKET, fd_path(monitor->options->dir).text);
	(void)unlinkat(monitor->options->dir, MONITOR_SOCKET, 0);
	/* The mode that a socket has when it is bound is the file's. */
	if (fchmod(sock, 0600) < 0 || bind(sock, (struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(sock, MONITOR_PEERS_MAX) < 0)
		return err_sys(err, errno, "listen on '%s/" MONITOR_SOCKET "'", monitor->options->path);
	monitor->listener = (struct watch){ .fd = TAKE_FD(sock), .ready = listener_ready };
	watch_set(monitor, &monitor->listener, EPOLLIN);
	return 0;
}

/* Nothing is lost that somebody could still say: from here on it fails, and he knows. */
static void peers_silence(struct monitor *monitor)
{
	for (size_t i = 0; i < MONITOR_PEERS_MAX; i++)
		if (monitor->peers[i].watch.fd >= 0)
			(void)shutdown(monitor->peers[i].watch.fd, SHUT_RD);
	peers_hear(monitor);
}

void peers_disconnect(struct monitor *monitor)
{
	peers_silence(monitor);
	for (size_t i = 0; i < MONITOR_PEERS_MAX; i++)
		if (monitor->peers[i].watch.fd >= 0)
			peer_drop(monitor, &monitor->peers[i]);
}

void peers_close(struct monitor *monitor)
{
	peers_disconnect(monitor);
	if (monitor->listener.fd >= 0)
		(void)unlinkat(monitor->options->dir, MONITOR_SOCKET, 0);
	watch_close(monitor, &monitor->listener);
}
