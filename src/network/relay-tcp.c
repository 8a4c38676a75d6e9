/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of a relay: two sockets, and a buffer for each direction. A direction that has come to its end is shut down
 * at its other side, so that who has sent everything can still receive (RFC 9293, section 3.6, "half-open").
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "network/relay-loop.h"

enum { BUFFER_SIZE = 64 << 10 };

struct flow;

/* One of the two ends, with what it is to be sent. */
struct end {
	struct relay_source source;
	struct flow *flow;
	struct end *other;
	bool connecting, has_ended,
		is_shut;   /* ended: nothing more comes from it; shut: it was told that nothing more does */
	size_t start, len; /* of what waits in the buffer */
	char buffer[BUFFER_SIZE];
};

struct flow {
	struct end client, target;
	bool is_closed;
};

static void close_flow(struct relay_loop *loop, struct flow *flow)
{
	if (flow->is_closed)
		return;
	flow->is_closed = true;
	relay_unwatch(loop, &flow->client.source);
	relay_unwatch(loop, &flow->target.source);
	relay_free_later(loop, flow);
}

/* The client is to see what would have happened without us: a connection that is refused, or was reset. */
static void reset_flow(struct relay_loop *loop, struct flow *flow)
{
	const struct linger none = { .l_onoff = 1 };
	(void)setsockopt(flow->client.source.fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	(void)setsockopt(flow->target.source.fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	close_flow(loop, flow);
}

/* --- moving bytes; false: the flow is no more --- */

static bool is_later(int sys_errno)
{
	return sys_errno == EAGAIN || sys_errno == EINTR;
}

/* From @end to the buffer of the other one. */
static bool take(struct end *end)
{
	struct end *to = end->other;
	if (end->has_ended || to->len > 0)
		return true;
	ssize_t n = recv(end->source.fd, to->buffer, sizeof to->buffer, 0);
	if (n < 0)
		return is_later(errno);
	end->has_ended = n == 0;
	to->start = 0;
	to->len = (size_t)n;
	return true;
}

static bool give(struct end *end)
{
	if (end->len > 0) {
		ssize_t n = send(end->source.fd, end->buffer + end->start, end->len, MSG_NOSIGNAL);
		if (n < 0)
			return is_later(errno);
		end->start += (size_t)n;
		end->len -= (size_t)n;
	}
	if (end->len == 0 && end->other->has_ended && !end->is_shut) {
		end->is_shut = true;
		(void)shutdown(end->source.fd, SHUT_WR);
	}
	return true;
}

static bool finish_connecting(struct end *end)
{
	int failure = 0;
	socklen_t len = sizeof failure;
	end->connecting = false;
	return getsockopt(end->source.fd, SOL_SOCKET, SO_ERROR, &failure, &len) == 0 && failure == 0;
}

static void watch_end(struct relay_loop *loop, struct end *end)
{
	uint32_t events = 0;
	if (end->connecting || end->len > 0)
		events |= EPOLLOUT;
	if (!end->connecting && !end->has_ended && end->other->len == 0)
		events |= EPOLLIN;
	relay_watch(loop, &end->source, events);
}

static void end_ready(struct relay_loop *loop, struct relay_source *source, uint32_t events)
{
	struct end *end = (struct end *)source;
	struct flow *flow = end->flow;
	if (flow->is_closed)
		return;
	bool lives = !end->connecting || finish_connecting(end);
	if (lives && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		lives = take(end);
	lives = lives && (flow->target.connecting || give(&flow->target)) && give(&flow->client);
	if (!lives) {
		reset_flow(loop, flow);
	} else if (flow->client.is_shut && flow->target.is_shut) {
		close_flow(loop, flow);
	} else {
		watch_end(loop, &flow->client);
		watch_end(loop, &flow->target);
	}
}

/* --- beginning --- */

static struct flow *new_flow(int client, int target)
{
	struct flow *flow = NEW(struct flow);
	flow->client = (struct end){ .source = { .fd = client, .ready = end_ready }, .flow = flow };
	flow->target = (struct end){ .source = { .fd = target, .ready = end_ready }, .flow = flow };
	flow->client.other = &flow->target;
	flow->target.other = &flow->client;
	return flow;
}

void relay_tcp_ready(struct relay_loop *loop, struct relay_source *source, uint32_t events)
{
	const struct relay_listener *listener = (const struct relay_listener *)source;
	(void)events;
	_cleanup_close_ int client = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (client < 0 && (errno == EMFILE || errno == ENFILE))
		relay_wait_for_files(loop);
	if (client < 0)
		return;
	_cleanup_close_ int target = socket(listener->target.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (target < 0)
		return;
	int r = connect(target, (const struct sockaddr *)&listener->target, listener->target_len);
	bool failed = r < 0 && errno != EINPROGRESS;
	struct flow *flow = new_flow(TAKE_FD(client), TAKE_FD(target));
	flow->target.connecting = true; /* it says so when it is not */
	if (failed) {
		reset_flow(loop, flow);
		return;
	}
	watch_end(loop, &flow->client);
	watch_end(loop, &flow->target);
}
