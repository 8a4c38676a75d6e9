/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/netlink.h"
#include "base/util.h"
#include "network/netns-work.h"
#include "network/trace.h"

enum { PATIENCE_MS = 3000 };

/* --- who listens --- */

static int open_socket(void *argument, struct error *err)
{
	return netlink_open(NETLINK_SOCK_DIAG, err);
}

struct search {
	const struct cidr *address;
	uint16_t port;
	sa_family_t family; /* of the sockets that are looked at */
	enum trace_listener found;
	struct cidr where;
};

/* One that listens at :: gets what comes by IPv4 as well, unless it does not want to. */
static bool covers(const struct cidr *own, bool v6_only, const struct cidr *wanted)
{
	if (cidr_is_any(own))
		return own->family == wanted->family || (own->family == AF_INET6 && !v6_only);
	return cidr_same_address(own, wanted);
}

static int look(const struct nlmsghdr *message, void *context)
{
	struct search *search = context;
	const struct inet_diag_msg *sock = NLMSG_DATA(message);
	const struct nlattr *table[INET_DIAG_SKV6ONLY + 1];
	struct cidr own = { .family = search->family };
	netlink_attributes(message, sizeof *sock, table, ARRAY_SIZE(table));
	if (ntohs(sock->id.idiag_sport) != search->port || search->found == LISTENER_THERE)
		return 0;
	memcpy(own.bytes, sock->id.idiag_src, cidr_length(&own));
	own.prefix = cidr_bits(&own);
	const struct nlattr *v6_only = table[INET_DIAG_SKV6ONLY];
	bool there = covers(&own, v6_only && *(const uint8_t *)netlink_data(v6_only), search->address);
	search->found = there ? LISTENER_THERE : LISTENER_ELSEWHERE;
	search->where = own;
	return 0;
}

static int list(int sock, uint8_t protocol, sa_family_t family,
		int (*each)(const struct nlmsghdr *message, void *context), void *context, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	const struct inet_diag_req_v2 request = {
		.sdiag_family = (uint8_t)family,
		.sdiag_protocol = protocol,
		/* Datagrams know no listening; a socket that is connected to nobody is called closed. */
		.idiag_states = 1U << (protocol == IPPROTO_TCP ? TCP_LISTEN : TCP_CLOSE),
	};
	netlink_begin(&batch, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &request, sizeof request, "list who listens");
	return netlink_query(sock, &batch, each, context, err);
}

static int look_at_family(int sock, uint8_t protocol, sa_family_t family, struct search *search, struct error *err)
{
	search->family = family;
	return list(sock, protocol, family, look, search, err);
}

int trace_listener(int netns, uint8_t protocol, const struct cidr *address, uint16_t port, enum trace_listener *ret,
		   struct cidr *ret_where, struct error *err)
{
	struct search search = { .address = address, .port = port };
	_cleanup_close_ int sock = netns_work(netns, open_socket, NULL, err);
	if (sock < 0)
		return sock;
	int r = look_at_family(sock, protocol, AF_INET, &search, err);
	if (r >= 0)
		r = look_at_family(sock, protocol, AF_INET6, &search, err);
	if (r < 0)
		return r;
	*ret = search.found;
	*ret_where = search.where;
	return 0;
}

struct backlogs {
	struct trace_backlog *list;
	size_t count;
};

static int take_backlog(const struct nlmsghdr *message, void *context)
{
	struct backlogs *backlogs = context;
	const struct inet_diag_msg *sock = NLMSG_DATA(message);
	struct trace_backlog *backlog = ARRAY_APPEND(backlogs->list, backlogs->count);
	*backlog = (struct trace_backlog){
		.address.family = sock->idiag_family,
		.port = ntohs(sock->id.idiag_sport),
		.waiting = sock->idiag_rqueue,
		.room = sock->idiag_wqueue,
	};
	memcpy(backlog->address.bytes, sock->id.idiag_src, cidr_length(&backlog->address));
	backlog->address.prefix = cidr_bits(&backlog->address);
	return 0;
}

int trace_backlogs(int netns, struct trace_backlog **ret, size_t *ret_count, struct error *err)
{
	struct backlogs backlogs = { 0 };
	_cleanup_close_ int sock = netns_work(netns, open_socket, NULL, err);
	if (sock < 0)
		return sock;
	int r = list(sock, IPPROTO_TCP, AF_INET, take_backlog, &backlogs, err);
	if (r >= 0)
		r = list(sock, IPPROTO_TCP, AF_INET6, take_backlog, &backlogs, err);
	if (r < 0) {
		free(backlogs.list);
		return r;
	}
	*ret = backlogs.list;
	*ret_count = backlogs.count;
	return 0;
}

/* --- trying --- */

struct attempt {
	const struct cidr *address;
	uint16_t port;
	int sys_errno;
};

static socklen_t fill_address(const struct attempt *attempt, struct sockaddr_storage *ret)
{
	*ret = (struct sockaddr_storage){ .ss_family = attempt->address->family };
	if (attempt->address->family == AF_INET6) {
		struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
		v6->sin6_port = htons(attempt->port);
		memcpy(&v6->sin6_addr, attempt->address->bytes, sizeof v6->sin6_addr);
		return sizeof *v6;
	}
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	v4->sin_port = htons(attempt->port);
	memcpy(&v4->sin_addr, attempt->address->bytes, sizeof v4->sin_addr);
	return sizeof *v4;
}

static int wait_for(int sock)
{
	struct pollfd poller = { .fd = sock, .events = POLLOUT };
	int error = 0;
	socklen_t len = sizeof error;
	if (poll(&poller, 1, PATIENCE_MS) <= 0)
		return ETIMEDOUT;
	return getsockopt(sock, SOL_SOCKET, SO_ERROR, &error, &len) < 0 ? errno : error;
}

static int try(void *argument, struct error *err)
{
	struct attempt *attempt = argument;
	struct sockaddr_storage address;
	socklen_t len = fill_address(attempt, &address);
	_cleanup_close_ int sock = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return err_sys(err, errno, "open a socket");
	if (connect(sock, (const struct sockaddr *)&address, len) < 0)
		attempt->sys_errno = errno == EINPROGRESS ? wait_for(sock) : errno;
	return attempt->sys_errno == 0;
}

int trace_connect(int netns, const struct cidr *address, uint16_t port, int *ret_errno, struct error *err)
{
	struct attempt attempt = { .address = address, .port = port };
	int r = netns_work(netns, try, &attempt, err);
	if (r == 0)
		*ret_errno = attempt.sys_errno;
	return r;
}
