/* SPDX-License-Identifier: Apache-2.0 */
#include "network/dns-query.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/random.h"
#include "base/util.h"
#include "network/netns-work.h"

enum {
	HEADER = 12, /* bytes */
	LABEL_MAX = 63,
	NAME_MAX_LENGTH = 253,
	TYPE_A = 1,
	TYPE_AAAA = 28,
	CLASS_IN = 1,
	RECURSION_DESIRED = 1, /* in the third byte */
	RESPONSE = 0x80,       /* in the third byte */
	CODE = 0x0f,	       /* in the fourth byte */
	POINTER = 0xc0,	       /* two bits that say that the rest of a name is elsewhere */
	DNS_PORT = 53,
	PATIENCE_MS = 2000,
	ATTEMPTS = 2,
};

/* --- asking --- */

static size_t put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return 2;
}

/* Labels, each behind its length. Returns their length, or -1. */
static int put_name(const char *name, uint8_t *at)
{
	const uint8_t *begin = at;
	if (!*name || strlen(name) > NAME_MAX_LENGTH)
		return -1;
	while (*name) {
		size_t len = strcspn(name, ".");
		if (len == 0 || len > LABEL_MAX)
			return -1;
		*at++ = (uint8_t)len;
		memcpy(at, name, len);
		at += len;
		name += len + (name[len] == '.');
	}
	*at++ = 0;
	return (int)(at - begin);
}

int dns_make_question(const char *name, sa_family_t family, uint16_t id, uint8_t buf[static DNS_MESSAGE_MAX],
		      struct error *err)
{
	memset(buf, 0, HEADER);
	put16(buf, id);
	buf[2] = RECURSION_DESIRED;
	put16(buf + 4, 1); /* question */
	int len = put_name(name, buf + HEADER);
	if (len < 0)
		return err_set(err, ERR_INVALID, "\"%s\" is no name of a host", name);
	len += HEADER;
	len += (int)put16(buf + len, family == AF_INET6 ? TYPE_AAAA : TYPE_A);
	len += (int)put16(buf + len, CLASS_IN);
	return len;
}

/* --- the answer --- */

struct reader {
	const uint8_t *data;
	size_t len, at;
};

static bool take(struct reader *reader, size_t count, const uint8_t **ret)
{
	if (count > reader->len - reader->at)
		return false;
	*ret = reader->data + reader->at;
	reader->at += count;
	return true;
}

static bool take16(struct reader *reader, unsigned *ret)
{
	const uint8_t *bytes;
	if (!take(reader, 2, &bytes))
		return false;
	*ret = (unsigned)bytes[0] << 8 | bytes[1];
	return true;
}

/* What it says is of no interest, only where it ends: where a pointer stands, or an empty label. */
static bool skip_name(struct reader *reader)
{
	const uint8_t *length, *rest;
	while (take(reader, 1, &length)) {
		if (*length == 0)
			return true;
		if ((*length & POINTER) == POINTER)
			return take(reader, 1, &rest);
		if ((*length & POINTER) != 0 || !take(reader, *length, &rest))
			return false;
	}
	return false;
}

static void add_address(struct dns_answer *answer, unsigned type, const uint8_t *data, unsigned len)
{
	struct cidr address = { .family = type == TYPE_AAAA ? AF_INET6 : AF_INET };
	if ((type != TYPE_A && type != TYPE_AAAA) || len != cidr_length(&address) ||
	    answer->count == ARRAY_SIZE(answer->addresses))
		return;
	memcpy(address.bytes, data, len);
	address.prefix = cidr_bits(&address);
	answer->addresses[answer->count++] = address;
}

static bool read_record(struct reader *reader, struct dns_answer *answer)
{
	const uint8_t *time_to_live, *data;
	unsigned type, class, len;
	if (!skip_name(reader) || !take16(reader, &type) || !take16(reader, &class) ||
	    !take(reader, 4, &time_to_live) || !take16(reader, &len) || !take(reader, len, &data))
		return false;
	if (class == CLASS_IN)
		add_address(answer, type, data, len);
	return true;
}

static bool read_answer(struct reader *reader, uint16_t id, struct dns_answer *answer)
{
	const uint8_t *flags, *counts, *question;
	unsigned own_id, questions, answers;
	if (!take16(reader, &own_id) || own_id != id || !take(reader, 2, &flags) || !(flags[0] & RESPONSE) ||
	    !take16(reader, &questions) || !take16(reader, &answers) || !take(reader, 4, &counts))
		return false;
	answer->code = flags[1] & CODE;
	while (questions-- > 0)
		if (!skip_name(reader) || !take(reader, 4, &question))
			return false;
	while (answers-- > 0)
		if (!read_record(reader, answer))
			return false;
	return true;
}

int dns_parse_answer(const uint8_t *message, size_t len, uint16_t id, struct dns_answer *ret, struct error *err)
{
	struct reader reader = { .data = message, .len = len };
	struct dns_answer answer = *ret;
	if (!read_answer(&reader, id, &answer))
		return err_set(err, ERR_INVALID, "the name server's answer makes no sense");
	*ret = answer;
	return 0;
}

/* --- both --- */

struct question {
	const struct cidr *server;
	const char *name;
	struct dns_answer answer;
};

static int connect_to(const struct cidr *server, struct error *err)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(DNS_PORT) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(DNS_PORT) };
	bool is_v6 = server->family == AF_INET6;
	memcpy(&v4.sin_addr, server->bytes, sizeof v4.sin_addr);
	memcpy(&v6.sin6_addr, server->bytes, sizeof v6.sin6_addr);
	_cleanup_close_ int sock = socket(server->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r = sock < 0 ? sock
			 : connect(sock, is_v6 ? (const struct sockaddr *)&v6 : (const struct sockaddr *)&v4,
				   is_v6 ? sizeof v6 : sizeof v4);
	return r < 0 ? err_sys(err, errno, "reach the name server") : TAKE_FD(sock);
}

/* Returns the length of what has come, or an error. */
static int exchange(int sock, const uint8_t *question, size_t len, uint8_t answer[static DNS_MESSAGE_MAX],
		    struct error *err)
{
	struct pollfd poller = { .fd = sock, .events = POLLIN };
	for (int i = 0; i < ATTEMPTS; i++) {
		if (send(sock, question, len, 0) < 0)
			return err_sys(err, errno, "ask the name server");
		if (poll(&poller, 1, PATIENCE_MS) <= 0)
			continue;
		ssize_t received = recv(sock, answer, DNS_MESSAGE_MAX, 0);
		return received < 0 ? err_sys(err, errno, "ask the name server") : (int)received;
	}
	return err_set(err, ERR_TIMEOUT, "the name server does not answer");
}

static int ask_family(int sock, struct question *question, sa_family_t family, struct error *err)
{
	uint8_t message[DNS_MESSAGE_MAX];
	uint16_t id = (uint16_t)random_u64();
	int len = dns_make_question(question->name, family, id, message, err);
	if (len >= 0)
		len = exchange(sock, message, (size_t)len, message, err);
	return len < 0 ? len : dns_parse_answer(message, (size_t)len, id, &question->answer, err);
}

static int ask(void *argument, struct error *err)
{
	struct question *question = argument;
	_cleanup_close_ int sock = connect_to(question->server, err);
	int r = sock < 0 ? sock : ask_family(sock, question, AF_INET, err);
	return r < 0 ? r : ask_family(sock, question, AF_INET6, err);
}

int dns_ask(int netns, const struct cidr *server, const char *name, struct dns_answer *ret, struct error *err)
{
	struct question question = { .server = server, .name = name };
	int r = netns_work(netns, ask, &question, err);
	if (r >= 0)
		*ret = question.answer;
	return r;
}
