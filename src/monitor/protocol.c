/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/protocol.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/util.h"

enum { PAYLOAD_MAX = MONITOR_PACKET_MAX - 1 };

/* How long a payload may be. Every packet of the protocol has its line. */
static const struct packet_rule {
	enum packet_type type;
	size_t min, max;
} RULES[] = {
	{ PACKET_PLAN, 0, 0 },
	{ PACKET_START, 0, 0 },
	{ PACKET_STDIN, 0, PAYLOAD_MAX },
	{ PACKET_RESIZE, sizeof(struct packet_size), sizeof(struct packet_size) },
	{ PACKET_SIGNAL, sizeof(int32_t), sizeof(int32_t) },
	{ PACKET_STOP, sizeof(struct packet_stop), sizeof(struct packet_stop) },
	{ PACKET_POLICY, sizeof(struct packet_policy), sizeof(struct packet_policy) },
	{ PACKET_DEAF, 0, 0 },
	{ PACKET_OWNER, 0, 0 },
	{ PACKET_MUTE, 0, 0 },
	{ PACKET_EXEC, 0, 0 },
	{ PACKET_REQUEST, 0, PAYLOAD_MAX },
	{ PACKET_LEAVE, 0, 0 },
	{ PACKET_CREATED, sizeof(struct packet_created), sizeof(struct packet_created) },
	{ PACKET_STARTED, 0, 0 },
	{ PACKET_STDOUT, 1, PAYLOAD_MAX },
	{ PACKET_STDERR, 1, PAYLOAD_MAX },
	{ PACKET_ERROR, 2, PAYLOAD_MAX },
	{ PACKET_EXIT, 2, PAYLOAD_MAX },
};

static bool packet_is_sound(unsigned char type, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(RULES); i++)
		if (RULES[i].type == type)
			return len >= RULES[i].min && len <= RULES[i].max;
	return false;
}

int packet_send(int sock, enum packet_type type, const void *payload, size_t len)
{
	unsigned char byte = (unsigned char)type;
	if (!packet_is_sound(byte, len))
		return -EINVAL;
	struct iovec parts[] = {
		{ .iov_base = &byte, .iov_len = 1 },
		{ .iov_base = (void *)payload, .iov_len = len },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = ARRAY_SIZE(parts) };
	ssize_t n = RETRY_ON_EINTR(sendmsg(sock, &message, MSG_NOSIGNAL));
	return n < 0 ? -errno : 0;
}

int packet_receive(int sock, void *buf, enum packet_type *ret_type, const void **ret_payload, size_t *ret_len)
{
	unsigned char byte = 0;
	struct iovec parts[] = {
		{ .iov_base = &byte, .iov_len = 1 },
		{ .iov_base = buf, .iov_len = PAYLOAD_MAX },
	};
	/* Without room for control data the kernel closes the files that come along. */
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = ARRAY_SIZE(parts) };
	ssize_t n = RETRY_ON_EINTR(recvmsg(sock, &message, 0));
	if (n <= 0)
		return n < 0 ? -errno : 0;
	size_t len = (size_t)n - 1;
	if ((message.msg_flags & MSG_TRUNC) || !packet_is_sound(byte, len))
		return -EPROTO;
	*ret_type = byte;
	*ret_payload = buf;
	*ret_len = len;
	return 1;
}

int packet_peek(int sock, enum packet_type *ret_type)
{
	unsigned char byte = 0;
	ssize_t n = RETRY_ON_EINTR(recv(sock, &byte, 1, MSG_PEEK | MSG_DONTWAIT));
	if (n <= 0)
		return n < 0 ? -errno : 0;
	*ret_type = byte;
	return 1;
}

int packet_error(const void *payload, size_t len, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	struct error theirs = { 0 };
	int r = json_parse(payload, len, "an error of the monitor", ERR_INTERNAL, &document, err);
	if (r < 0)
		return r;
	struct json_node root = json_root(&document);
	json_to_error(&root, &theirs);
	r = err_check_received(&theirs);
	if (err)
		*err = theirs;
	return r;
}

int monitor_connect(int dir)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -errno;
	/* By way of the directory's fd, for the path itself may be longer than an address can be. */
	snprintf(address.sun_path, sizeof address.sun_path, "%s/" MONITOR_SOCKET, fd_path(dir).text);
	if (RETRY_ON_EINTR(connect(sock, (struct sockaddr *)&address, sizeof address)) < 0)
		return -errno;
	return TAKE_FD(sock);
}
