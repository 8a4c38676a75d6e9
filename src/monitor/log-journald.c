/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journald by its native protocol: a datagram for each entry, of fields. The fixed ones come from the engine.
 *
 * A journal that is slow lets us wait, or fills the buffer; one that is gone loses entries until it is back.
 *
 * Source: systemd.io/JOURNAL_NATIVE_PROTOCOL; Docker's documentation of the journald logging driver.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "monitor/log-driver.h"
#include "monitor/log-queue.h"

enum { PRIORITY_ERROR = 3, PRIORITY_INFO = 6 }; /* source: syslog(3) */

struct log_journald {
	struct log_sink sink; /* first: a sink is its journald */
	struct sockaddr_un address;
	struct str fields; /* the fixed ones, as they go over the wire */
	bool non_blocking, failing;
	struct log_queue queue; /* of non_blocking */
};

/* --- Datagrams --- */

/* A value with a newline has its length in front of it. */
static void add_field(struct str *fields, const char *field)
{
	size_t name = strcspn(field, "=");
	const char *value = field[name] ? field + name + 1 : "";
	uint64_t len = htole64(strlen(value));
	if (!strchr(value, '\n')) {
		str_appendf(fields, "%s\n", field);
		return;
	}
	str_append_len(fields, field, name);
	str_append_char(fields, '\n');
	str_append_len(fields, &len, sizeof len);
	str_append(fields, value);
	str_append_char(fields, '\n');
}

/* The fields that say which part of a long line this is. */
static int format_head(const struct log_entry *entry, char *buf, size_t size)
{
	char when[TIME_TEXT_MAX];
	int len = snprintf(buf, size, "PRIORITY=%d\nSYSLOG_TIMESTAMP=%s\n",
			   entry->stream == LOG_STDOUT ? PRIORITY_INFO : PRIORITY_ERROR,
			   time_format_rfc3339(entry->time_ns, when));
	if (entry->ordinal > 0)
		len += snprintf(buf + len, size - (size_t)len,
				"CONTAINER_PARTIAL_MESSAGE=true\nCONTAINER_PARTIAL_ORDINAL=%u\n"
				"CONTAINER_PARTIAL_LAST=%s\n",
				entry->ordinal, entry->last ? "true" : "false");
	len += snprintf(buf + len, size - (size_t)len, "MESSAGE\n");
	return len;
}

/* Returns 0 or -errno. */
static int send_entry(const struct log_journald *journald, const struct log_entry *entry)
{
	char head[256];
	size_t text_len = entry->len - (entry->len > 0 && entry->text[entry->len - 1] == '\n');
	uint64_t encoded_len = htole64(text_len);
	struct iovec parts[] = {
		{ .iov_base = journald->fields.data, .iov_len = journald->fields.len },
		{ .iov_base = head, .iov_len = (size_t)format_head(entry, head, sizeof head) },
		{ .iov_base = &encoded_len, .iov_len = sizeof encoded_len },
		{ .iov_base = (void *)entry->text, .iov_len = text_len },
		{ .iov_base = (void *)"\n", .iov_len = 1 },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = ARRAY_SIZE(parts) };
	ssize_t n = RETRY_ON_EINTR(sendmsg(journald->sink.wait_fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT));
	return n < 0 ? -errno : 0;
}

static int connect_to(const struct log_journald *journald)
{
	const struct sockaddr *address = (const struct sockaddr *)&journald->address;
	return connect(journald->sink.wait_fd, address, sizeof journald->address) < 0 ? -errno : 0;
}

/* One that was restarted listens on another socket of the same name. */
static int send_or_reconnect(const struct log_journald *journald, const struct log_entry *entry)
{
	int r = send_entry(journald, entry);
	if (r != -ECONNREFUSED && r != -ENOTCONN && r != -ECONNRESET)
		return r;
	r = connect_to(journald);
	return r < 0 ? r : send_entry(journald, entry);
}

/* Returns whether it is dealt with, though that may be that it is lost. */
static bool deal_with(struct log_journald *journald, const struct log_entry *entry)
{
	int r = send_or_reconnect(journald, entry);
	if (r == -EAGAIN)
		return false;
	journald->sink.dropped += r < 0;
	log_sink_report(&journald->sink, &journald->failing, journald->address.sun_path, -r);
	return true;
}

/* --- The operations --- */

static void journald_flush(struct log_sink *sink)
{
	struct log_journald *journald = (struct log_journald *)sink;
	struct log_entry entry;
	while (log_queue_peek(&journald->queue, &entry) && deal_with(journald, &entry))
		log_queue_drop(&journald->queue);
	sink->waiting = log_queue_peek(&journald->queue, &entry);
}

static bool journald_put(struct log_sink *sink, const struct log_entry *entry)
{
	struct log_journald *journald = (struct log_journald *)sink;
	if (!sink->waiting && deal_with(journald, entry))
		return true;
	if (!journald->non_blocking)
		return false;
	bool queued = log_queue_add(&journald->queue, entry);
	sink->waiting |= queued;
	sink->dropped += !queued;
	return true;
}

static void journald_close(struct log_sink *sink)
{
	struct log_journald *journald = (struct log_journald *)sink;
	journald_flush(sink);
	log_queue_done(&journald->queue);
	fd_close(sink->wait_fd);
	str_done(&journald->fields);
	free(journald);
}

static const struct log_sink_ops OPS = {
	.put = journald_put,
	.flush = journald_flush,
	.close = journald_close,
};

int log_journald_open(const struct log_plan *plan, struct log_sink **ret, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(plan->path) >= sizeof address.sun_path)
		return err_set(err, ERR_INVALID, "the path of journald's socket is too long: '%s'", plan->path);
	str_copy(address.sun_path, sizeof address.sun_path, plan->path);
	_cleanup_close_ int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return err_sys(err, errno, "make a socket");
	if (connect(sock, (struct sockaddr *)&address, sizeof address) < 0) {
		int why = errno;
		err_sys_code(err, ERR_UNSUPPORTED, why, "connect to journald at '%s'", plan->path);
		return err_hint(err, "--log-driver json-file");
	}
	struct log_journald *journald = NEW(struct log_journald);
	journald->sink = (struct log_sink){ .ops = &OPS, .wait_fd = TAKE_FD(sock) };
	journald->address = address;
	journald->non_blocking = plan->non_blocking;
	log_queue_init(&journald->queue, plan->non_blocking ? plan->buffer_bytes : 0);
	for (char **field = plan->attributes; field && *field; field++)
		add_field(&journald->fields, *field);
	*ret = &journald->sink;
	return 0;
}
