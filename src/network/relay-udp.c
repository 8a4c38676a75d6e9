/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams of a relay: whoever sends one has a session, a socket of its own towards the target, by which the answers
 * find back. Nobody says when it ends, so it does when nothing has gone either way for a while, or others need its place.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdalign.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "network/relay-loop.h"

enum {
	SESSIONS_MAX = 512,
	SILENCE_MS = 90000, /* as docker-proxy */
	DATAGRAM_MAX = 64 << 10,
};

/* The address of ours that was sent to: on a host with several, an answer from another one is none. */
struct place {
	alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in6_pktinfo))]; /* as the kernel has said it */
	size_t len;
};

struct relay_session {
	struct relay_source source;
	struct relay_listener *listener;
	struct relay_session *next;
	struct sockaddr_storage client;
	socklen_t client_len;
	struct place place;
	int64_t used_ms;
	bool is_closed;
};

static void end_session(struct relay_loop *loop, struct relay_session **place)
{
	struct relay_session *session = *place;
	*place = session->next;
	session->listener->n_sessions--;
	session->is_closed = true;
	relay_unwatch(loop, &session->source);
	relay_free_later(loop, session);
}

bool relay_udp_sweep(struct relay_loop *loop, struct relay_listener *listener, int64_t now_ms)
{
	struct relay_session **place = &listener->sessions;
	while (*place)
		if (now_ms - (*place)->used_ms > SILENCE_MS)
			end_session(loop, place);
		else
			place = &(*place)->next;
	return listener->sessions;
}

/* --- answers --- */

/* By which link it goes is a matter of routes, but for an address that is only one link's. */
static void forget_link(struct place *place)
{
	struct cmsghdr *head = (struct cmsghdr *)place->control;
	if (place->len == 0)
		return;
	if (head->cmsg_level == IPPROTO_IP) {
		struct in_pktinfo *info = (struct in_pktinfo *)CMSG_DATA(head);
		info->ipi_ifindex = 0;
	} else {
		struct in6_pktinfo *info = (struct in6_pktinfo *)CMSG_DATA(head);
		if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr))
			info->ipi6_ifindex = 0;
	}
}

/* From an address that cannot send (a group's), it goes from whichever one the kernel chooses. */
static void answer(struct relay_session *session, char *datagram, size_t len)
{
	struct iovec data = { datagram, len };
	struct msghdr message = {
		.msg_name = &session->client,
		.msg_namelen = session->client_len,
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = session->place.control,
		.msg_controllen = session->place.len,
	};
	if (sendmsg(session->listener->source.fd, &message, 0) >= 0 || errno != EINVAL)
		return;
	message.msg_controllen = 0;
	(void)sendmsg(session->listener->source.fd, &message, 0);
}

static void session_ready(struct relay_loop *loop, struct relay_source *source, uint32_t events)
{
	struct relay_session *session = (struct relay_session *)source;
	char datagram[DATAGRAM_MAX];
	(void)loop;
	(void)events;
	if (session->is_closed)
		return;
	ssize_t n = recv(source->fd, datagram, sizeof datagram, 0);
	if (n < 0)
		return; /* nobody listens there, say: the next one tries again */
	session->used_ms = relay_now_ms();
	answer(session, datagram, (size_t)n);
}

/* --- questions --- */

static bool is_of(const struct relay_session *session, const struct sockaddr_storage *client, socklen_t len)
{
	return session->client_len == len && memcmp(&session->client, client, len) == 0;
}

/* Moved to the front. */
static struct relay_session *find(struct relay_listener *listener, const struct sockaddr_storage *client, socklen_t len)
{
	for (struct relay_session **place = &listener->sessions; *place; place = &(*place)->next) {
		struct relay_session *session = *place;
		if (!is_of(session, client, len))
			continue;
		*place = session->next;
		session->next = listener->sessions;
		listener->sessions = session;
		return session;
	}
	return NULL;
}

static void end_oldest(struct relay_loop *loop, struct relay_listener *listener)
{
	struct relay_session **place = &listener->sessions;
	while ((*place)->next)
		place = &(*place)->next;
	end_session(loop, place);
}

static struct relay_session *begin(struct relay_loop *loop, struct relay_listener *listener,
				   const struct sockaddr_storage *client, socklen_t len)
{
	_cleanup_close_ int fd = socket(listener->target.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&listener->target, listener->target_len) < 0)
		return NULL;
	if (listener->n_sessions == SESSIONS_MAX)
		end_oldest(loop, listener);
	struct relay_session *session = NEW(struct relay_session);
	*session = (struct relay_session){
		.source = { .fd = TAKE_FD(fd), .ready = session_ready },
		.listener = listener,
		.next = listener->sessions,
		.client = *client,
		.client_len = len,
	};
	listener->sessions = session;
	listener->n_sessions++;
	relay_watch(loop, &session->source, EPOLLIN);
	return session;
}

/* Returns its length, or a negative number. */
static ssize_t receive(int fd, struct iovec *data, struct sockaddr_storage *client, socklen_t *ret_len,
		       struct place *place)
{
	struct msghdr message = {
		.msg_name = client,
		.msg_namelen = sizeof *client,
		.msg_iov = data,
		.msg_iovlen = 1,
		.msg_control = place->control,
		.msg_controllen = sizeof place->control,
	};
	ssize_t n = recvmsg(fd, &message, 0);
	*ret_len = message.msg_namelen;
	place->len = n < 0 ? 0 : message.msg_controllen;
	forget_link(place);
	return n;
}

void relay_udp_ready(struct relay_loop *loop, struct relay_source *source, uint32_t events)
{
	struct relay_listener *listener = (struct relay_listener *)source;
	struct sockaddr_storage client = { 0 };
	socklen_t len = 0;
	struct place place = { 0 };
	char datagram[DATAGRAM_MAX];
	struct iovec data = { datagram, sizeof datagram };
	(void)events;
	ssize_t n = receive(source->fd, &data, &client, &len, &place);
	if (n < 0)
		return;
	struct relay_session *session = find(listener, &client, len);
	if (!session && !(session = begin(loop, listener, &client, len)))
		return;
	session->place = place;
	session->used_ms = relay_now_ms();
	(void)send(session->source.fd, datagram, (size_t)n, 0);
}
