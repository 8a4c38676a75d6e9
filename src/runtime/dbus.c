/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/dbus.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/time.h"
#include "base/util.h"

enum {
	QUEUE_MAX = 4096, /* signals that nobody has asked for yet */
	LINE_MAX_SIZE = 256,
};

/* As long as other clients wait by default. */
static const int64_t CALL_TIMEOUT_NS = 25 * NSEC_PER_SEC;

struct dbus {
	int fd;
	uint32_t serial;
	char error_name[256];
	struct dbus_incoming *queue;
	size_t queued, taken;
};

void dbus_incoming_done(struct dbus_incoming *incoming)
{
	free(incoming->data);
	*incoming = (struct dbus_incoming){ 0 };
}

void dbus_close(struct dbus *bus)
{
	if (!bus)
		return;
	for (size_t i = bus->taken; i < bus->queued; i++)
		dbus_incoming_done(&bus->queue[i]);
	free(bus->queue);
	fd_close(bus->fd);
	free(bus);
}

/* --- bytes --- */

static int wait_readable(int fd, int64_t deadline)
{
	for (;;) {
		int64_t left = deadline - time_monotonic_ns();
		if (left <= 0)
			return -ETIMEDOUT;
		struct pollfd event = { .fd = fd, .events = POLLIN };
		int n = poll(&event, 1, (int)(left / NSEC_PER_MSEC + 1));
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

static int receive_bytes(const struct dbus *bus, void *data, size_t size, int64_t deadline)
{
	for (size_t done = 0; done < size;) {
		int r = wait_readable(bus->fd, deadline);
		if (r < 0)
			return r;
		ssize_t n = recv(bus->fd, (char *)data + done, size - done, 0);
		if (n == 0)
			return -ECONNRESET;
		if (n < 0 && errno != EINTR)
			return -errno;
		done += (size_t)MAX(n, (ssize_t)0);
	}
	return 0;
}

/* A bus that is gone must not end us with SIGPIPE. */
static int send_bytes(const struct dbus *bus, const void *data, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = send(bus->fd, (const char *)data + done, size - done, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR)
			return -errno;
		done += (size_t)MAX(n, (ssize_t)0);
	}
	return 0;
}

static int trouble(int r, struct error *err)
{
	if (r == -ETIMEDOUT)
		return err_set(err, ERR_TIMEOUT, "the message bus does not answer");
	return err_sys_code(err, ERR_SYSTEMD, -r, "speak with the message bus");
}

/* --- messages --- */

static int receive_message(struct dbus *bus, int64_t deadline, struct dbus_incoming *ret, struct error *err)
{
	char prefix[DBUS_PREFIX_SIZE];
	int r = receive_bytes(bus, prefix, sizeof prefix, deadline);
	if (r < 0)
		return trouble(r, err);
	size_t size = dbus_message_size(prefix);
	if (size == 0)
		return trouble(-EBADMSG, err);
	_cleanup_free_ char *data = mem_alloc(size);
	memcpy(data, prefix, sizeof prefix);
	r = receive_bytes(bus, data + sizeof prefix, size - sizeof prefix, deadline);
	if (r == 0 && !dbus_message_parse(data, size, &ret->message))
		r = -EBADMSG;
	if (r < 0)
		return trouble(r, err);
	ret->data = TAKE_PTR(data);
	return 0;
}

/* An answer that is an error. Its body begins with a text for people, if it has any. */
static int take_error(struct dbus *bus, const struct dbus_message *message, struct error *err)
{
	struct dbus_reader body = message->body;
	const char *text;
	str_copy(bus->error_name, sizeof bus->error_name, message->error_name);
	if (message->signature[0] != 's' || !dbus_get_string(&body, &text))
		text = message->error_name;
	return err_set(err, ERR_SYSTEMD, "%s", text);
}

int dbus_call(struct dbus *bus, const struct dbus_call *call, const struct str *body, struct dbus_incoming *ret,
	      struct error *err)
{
	int64_t deadline = time_monotonic_ns() + CALL_TIMEOUT_NS;
	uint32_t serial = ++bus->serial;
	_cleanup_str_ struct str data = { 0 };
	bus->error_name[0] = '\0';
	dbus_put_call(&data, call, serial, body);
	int r = send_bytes(bus, str_text(&data), data.len);
	if (r < 0)
		return trouble(r, err);
	for (;;) {
		_cleanup_dbus_incoming_ struct dbus_incoming incoming = { 0 };
		if ((r = receive_message(bus, deadline, &incoming, err)) < 0)
			return r;
		const struct dbus_message *message = &incoming.message;
		if (message->type == DBUS_SIGNAL && bus->queued < QUEUE_MAX) {
			*ARRAY_APPEND(bus->queue, bus->queued) = incoming;
			incoming = (struct dbus_incoming){ 0 };
		} else if (message->type == DBUS_ERROR && message->reply_serial == serial) {
			return take_error(bus, message, err);
		} else if (message->type == DBUS_METHOD_RETURN && message->reply_serial == serial) {
			*ret = incoming;
			incoming = (struct dbus_incoming){ 0 };
			return 0;
		}
	}
}

bool dbus_error_is(const struct dbus *bus, const char *name)
{
	return streq(bus->error_name, name);
}

int dbus_next_signal(struct dbus *bus, int64_t deadline, struct dbus_incoming *ret, struct error *err)
{
	if (bus->taken < bus->queued) {
		*ret = bus->queue[bus->taken++];
		return 0;
	}
	for (;;) {
		_cleanup_dbus_incoming_ struct dbus_incoming incoming = { 0 };
		int r = receive_message(bus, deadline, &incoming, err);
		if (r < 0)
			return r;
		if (incoming.message.type != DBUS_SIGNAL)
			continue;
		*ret = incoming;
		incoming = (struct dbus_incoming){ 0 };
		return 0;
	}
}

/* --- the connection --- */

/* "%2f" is a slash. False for a value that is malformed. */
static bool unescape(const char *value, size_t len, struct str *ret)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < len; i++) {
		if (value[i] != '%') {
			str_append_char(ret, value[i]);
			continue;
		}
		const char *high = i + 2 < len ? strchr(digits, value[i + 1] | 0x20) : NULL;
		const char *low = high ? strchr(digits, value[i + 2] | 0x20) : NULL;
		if (!low)
			return false;
		str_append_char(ret, (char)((high - digits) << 4 | (low - digits)));
		i += 2;
	}
	return true;
}

/* The first "unix:path=" of an address list; keys are parted by commas, addresses by semicolons. */
static bool find_path(const char *address, struct str *ret)
{
	_cleanup_strv_ char **list = strv_split(address, ';');
	for (char **at = list; *at; at++) {
		const char *keys = str_after(*at, "unix:");
		_cleanup_strv_ char **pairs = strv_split(keys ? keys : "", ',');
		for (char **pair = pairs; *pair; pair++) {
			const char *value = str_after(*pair, "path=");
			if (value)
				return unescape(value, strlen(value), ret);
		}
	}
	return false;
}

/* One line of the authentication, without its end. */
static int receive_line(const struct dbus *bus, int64_t deadline, char line[static LINE_MAX_SIZE])
{
	for (size_t len = 0; len < LINE_MAX_SIZE; len++) {
		int r = receive_bytes(bus, line + len, 1, deadline);
		if (r < 0)
			return r;
		if (line[len] == '\n' && len > 0 && line[len - 1] == '\r') {
			line[len - 1] = '\0';
			return 0;
		}
	}
	return -EBADMSG;
}

/*
 * EXTERNAL: we are who the kernel says we are. No identity is named, for in a user namespace we do not know ours; and
 * all is sent at once, for there is nothing to decide in between.
 */
static int authenticate(const struct dbus *bus, int64_t deadline, struct error *err)
{
	static const char request[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
	char line[LINE_MAX_SIZE];
	int r = send_bytes(bus, request, sizeof request - 1);
	if (r == 0)
		r = receive_line(bus, deadline, line);
	if (r == 0 && str_starts_with(line, "DATA"))
		r = receive_line(bus, deadline, line);
	if (r < 0)
		return trouble(r, err);
	if (!str_starts_with(line, "OK"))
		return err_set(err, ERR_SYSTEMD, "the message bus does not accept us: \"%s\"", line);
	return 0;
}

static int say_hello(struct dbus *bus, struct error *err)
{
	static const struct dbus_call hello = { "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
						"Hello", "" };
	const struct str nothing = { 0 };
	_cleanup_dbus_incoming_ struct dbus_incoming reply = { 0 };
	return dbus_call(bus, &hello, &nothing, &reply, err);
}

int dbus_open(const char *address, struct dbus **ret, struct error *err)
{
	_cleanup_str_ struct str path = { 0 };
	_cleanup_dbus_ struct dbus *bus = NEW(struct dbus);
	bus->fd = -1;
	if (!find_path(address, &path))
		return err_set(err, ERR_SYSTEMD, "the message bus address \"%s\" has no \"unix:path=\"", address);
	bus->fd = fd_connect_unix(str_text(&path));
	if (bus->fd < 0)
		return err_sys_code(err, ERR_SYSTEMD, -bus->fd, "connect to the message bus at '%s'", str_text(&path));
	int r = authenticate(bus, time_monotonic_ns() + CALL_TIMEOUT_NS, err);
	if (r < 0 || (r = say_hello(bus, err)) < 0)
		return err_wrap(err, "'%s'", str_text(&path));
	*ret = TAKE_PTR(bus);
	return 0;
}
