/* SPDX-License-Identifier: Apache-2.0 */
#include "base/netlink.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/util.h"

enum { RECEIVE_SIZE = 32 * 1024 }; /* netlink(7): dumps come in pieces of at most that */

int netlink_open(int protocol, struct error *err)
{
	_cleanup_close_ int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (sock < 0)
		return err_sys(err, errno, "open a netlink socket");
	/* Only makes errors more telling, so its absence is none. */
	int on = 1;
	(void)setsockopt(sock, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
	(void)setsockopt(sock, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	if (bind(sock, (const struct sockaddr *)&address, sizeof address) < 0)
		return err_sys(err, errno, "bind a netlink socket");
	return TAKE_FD(sock);
}

/* --- building --- */

static void clear(struct netlink_batch *batch)
{
	for (size_t i = 0; i < batch->n_requests; i++)
		free(batch->requests[i].what);
	batch->n_requests = 0;
	str_truncate(&batch->bytes, 0);
}

void netlink_batch_done(struct netlink_batch *batch)
{
	clear(batch);
	free(batch->requests);
	str_done(&batch->bytes);
	*batch = (struct netlink_batch){ 0 };
}

static void pad(struct netlink_batch *batch)
{
	static const char zeroes[NLMSG_ALIGNTO];
	str_append_len(&batch->bytes, zeroes, NLMSG_ALIGN(batch->bytes.len) - batch->bytes.len);
}

/* Lengths stand in the heads, which may have moved since. */
static void set_message_length(struct netlink_batch *batch)
{
	struct nlmsghdr *head = (struct nlmsghdr *)(batch->bytes.data + batch->start);
	head->nlmsg_len = (uint32_t)(batch->bytes.len - batch->start);
}

void netlink_put_raw(struct netlink_batch *batch, const void *data, size_t len)
{
	str_append_len(&batch->bytes, data, len);
	pad(batch);
	set_message_length(batch);
}

static void start_message(struct netlink_batch *batch, uint16_t type, uint16_t flags, const void *header,
			  size_t header_len)
{
	batch->start = batch->bytes.len;
	const struct nlmsghdr head = { .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = ++batch->sequence };
	str_append_len(&batch->bytes, &head, sizeof head);
	netlink_put_raw(batch, header, header_len);
}

void netlink_begin(struct netlink_batch *batch, uint16_t type, uint16_t flags, const void *header, size_t header_len,
		   const char *fmt, ...)
{
	start_message(batch, type, flags | NLM_F_REQUEST | NLM_F_ACK, header, header_len);
	struct str what = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vappendf(&what, fmt, args);
	va_end(args);
	struct netlink_request *request = ARRAY_APPEND(batch->requests, batch->n_requests);
	*request = (struct netlink_request){ .sequence = batch->sequence, .what = str_take(&what) };
}

void netlink_mark(struct netlink_batch *batch, uint16_t type, const void *header, size_t header_len)
{
	start_message(batch, type, NLM_F_REQUEST, header, header_len);
}

void netlink_allow(struct netlink_batch *batch, int sys_errno)
{
	batch->requests[batch->n_requests - 1].ignored = sys_errno;
}

void netlink_put(struct netlink_batch *batch, uint16_t type, const void *data, size_t len)
{
	const struct nlattr head = { .nla_type = type, .nla_len = (uint16_t)(NLA_HDRLEN + len) };
	str_append_len(&batch->bytes, &head, sizeof head);
	netlink_put_raw(batch, data, len);
}

void netlink_put_u8(struct netlink_batch *batch, uint16_t type, uint8_t value)
{
	netlink_put(batch, type, &value, sizeof value);
}

void netlink_put_u16(struct netlink_batch *batch, uint16_t type, uint16_t value)
{
	netlink_put(batch, type, &value, sizeof value);
}

void netlink_put_u32(struct netlink_batch *batch, uint16_t type, uint32_t value)
{
	netlink_put(batch, type, &value, sizeof value);
}

void netlink_put_string(struct netlink_batch *batch, uint16_t type, const char *text)
{
	netlink_put(batch, type, text, strlen(text) + 1);
}

size_t netlink_nest(struct netlink_batch *batch, uint16_t type)
{
	size_t nest = batch->bytes.len;
	netlink_put(batch, type | NLA_F_NESTED, "", 0);
	return nest;
}

void netlink_nest_end(struct netlink_batch *batch, size_t nest)
{
	struct nlattr *head = (struct nlattr *)(batch->bytes.data + nest);
	head->nla_len = (uint16_t)(batch->bytes.len - nest);
}

/* --- reading --- */

static void read_attributes(const char *at, const char *end, const struct nlattr **table, size_t n)
{
	memset(table, 0, n * sizeof *table);
	while (end - at >= NLA_HDRLEN) {
		const struct nlattr *attribute = (const struct nlattr *)at;
		if (attribute->nla_len < NLA_HDRLEN || attribute->nla_len > end - at)
			return;
		uint16_t type = attribute->nla_type & NLA_TYPE_MASK;
		if (type < n)
			table[type] = attribute;
		at += NLA_ALIGN(attribute->nla_len);
	}
}

void netlink_attributes(const struct nlmsghdr *message, size_t header_len, const struct nlattr **table, size_t n)
{
	const char *begin = (const char *)message;
	read_attributes(begin + NLMSG_HDRLEN + NLMSG_ALIGN(header_len), begin + message->nlmsg_len, table, n);
}

void netlink_nested(const struct nlattr *nest, const struct nlattr **table, size_t n)
{
	const char *begin = (const char *)nest;
	if (nest)
		read_attributes(begin + NLA_HDRLEN, begin + nest->nla_len, table, n);
	else
		memset(table, 0, n * sizeof *table);
}

/* What the kernel says beside the number, or NULL: NLMSGERR_ATTR_MSG, behind the head of the request that failed. */
static const char *kernel_words(const struct nlmsghdr *message)
{
	if (!(message->nlmsg_flags & NLM_F_ACK_TLVS) || !(message->nlmsg_flags & NLM_F_CAPPED))
		return NULL;
	const struct nlattr *table[NLMSGERR_ATTR_MSG + 1];
	netlink_attributes(message, sizeof(struct nlmsgerr), table, ARRAY_SIZE(table));
	const struct nlattr *text = table[NLMSGERR_ATTR_MSG];
	size_t len = text ? netlink_length(text) : 0;
	return len > 0 && ((const char *)netlink_data(text))[len - 1] == '\0' ? netlink_data(text) : NULL;
}

static struct netlink_request *find_request(const struct netlink_batch *batch, uint32_t sequence)
{
	for (size_t i = 0; i < batch->n_requests; i++)
		if (batch->requests[i].sequence == sequence)
			return &batch->requests[i];
	return NULL;
}

static int check_acknowledgement(const struct netlink_batch *batch, const struct nlmsghdr *message, struct error *err)
{
	const struct nlmsgerr *answer = NLMSG_DATA(message);
	const struct netlink_request *request = find_request(batch, message->nlmsg_seq);
	if (answer->error == 0 || (request && -answer->error == request->ignored))
		return 0;
	err_sys(err, -answer->error, "%s", request ? request->what : "change the packet filter");
	const char *words = kernel_words(message);
	return words ? err_cause(err, "the kernel says: %s", words) : (err ? -err->code : -ERR_SYSTEM);
}

static int send_batch(int sock, const struct netlink_batch *batch, struct error *err)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t sent = RETRY_ON_EINTR(
		sendto(sock, batch->bytes.data, batch->bytes.len, 0, (const struct sockaddr *)&kernel, sizeof kernel));
	return sent < 0 ? err_sys(err, errno, "%s", batch->requests[0].what) : 0;
}

/* Returns the number of bytes, all from the kernel: others can send to a netlink socket as well. */
static int receive(int sock, void *buf, size_t size, struct error *err)
{
	for (;;) {
		struct sockaddr_nl from = { 0 };
		socklen_t from_len = sizeof from;
		ssize_t len = RETRY_ON_EINTR(recvfrom(sock, buf, size, MSG_TRUNC, (struct sockaddr *)&from, &from_len));
		if (len < 0)
			return err_sys(err, errno, "receive from netlink");
		if ((size_t)len > size)
			return err_set(err, ERR_SYSTEM, "receive from netlink: an answer of %zd bytes is too long",
				       len);
		if (from.nl_pid == 0)
			return (int)len;
	}
}

int netlink_commit(int sock, struct netlink_batch *batch, struct error *err)
{
	struct error first = { 0 };
	size_t acknowledged = 0, expected = batch->n_requests;
	_cleanup_free_ char *buf = mem_alloc(RECEIVE_SIZE);
	int r = expected > 0 ? send_batch(sock, batch, &first) : 0;
	while (r >= 0 && acknowledged < expected) {
		int len = receive(sock, buf, RECEIVE_SIZE, &first);
		if (len < 0)
			r = len;
		for (const struct nlmsghdr *at = (struct nlmsghdr *)buf; len > 0 && NLMSG_OK(at, (unsigned)len);
		     at = NLMSG_NEXT(at, len)) {
			if (at->nlmsg_type != NLMSG_ERROR)
				continue;
			struct error failure = { 0 };
			if (check_acknowledgement(batch, at, &failure) < 0 && first.code == ERR_NONE)
				first = failure;
			/* One that is about no request of ours is about the whole batch. */
			acknowledged = find_request(batch, at->nlmsg_seq) ? acknowledged + 1 : expected;
		}
	}
	clear(batch);
	if (first.code != ERR_NONE && err)
		*err = first;
	return -first.code;
}

int netlink_query(int sock, struct netlink_batch *batch, int (*each)(const struct nlmsghdr *message, void *context),
		  void *context, struct error *err)
{
	_cleanup_free_ char *buf = mem_alloc(RECEIVE_SIZE);
	bool finished = false;
	int r = send_batch(sock, batch, err);
	while (r >= 0 && !finished) {
		int len = receive(sock, buf, RECEIVE_SIZE, err);
		if (len < 0)
			r = len;
		for (const struct nlmsghdr *at = (struct nlmsghdr *)buf;
		     r >= 0 && len > 0 && NLMSG_OK(at, (unsigned)len); at = NLMSG_NEXT(at, len)) {
			if (at->nlmsg_type == NLMSG_ERROR)
				r = check_acknowledgement(batch, at, err);
			else if (at->nlmsg_type != NLMSG_DONE)
				r = each(at, context);
			finished |= at->nlmsg_type == NLMSG_ERROR || at->nlmsg_type == NLMSG_DONE;
		}
	}
	clear(batch);
	return r;
}
