/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/metrics-serve.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "base/util.h"

enum { REQUEST_MAX = 8192, PATIENCE_S = 5, QUEUE = 16 };

/* --- Listening --- */

static int split_address(const char *text, char **ret_host, char **ret_port, struct error *err)
{
	const char *colon = strrchr(text, ':');
	if (!colon || !colon[1])
		return err_set(err, ERR_USAGE, "invalid address \"%s\": it is ADDRESS:PORT", text);
	size_t len = (size_t)(colon - text);
	bool brackets = len >= 2 && text[0] == '[' && text[len - 1] == ']';
	*ret_host = len == 0 ? mem_strdup("127.0.0.1") : mem_strndup(text + brackets, len - 2 * brackets);
	*ret_port = mem_strdup(colon + 1);
	return 0;
}

/* Numbers only: what is listened at must not depend on a name server. */
static int resolve(const char *text, struct addrinfo **ret, struct error *err)
{
	static const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	};
	_cleanup_free_ char *host = NULL, *port = NULL;
	int r = split_address(text, &host, &port, err);
	if (r < 0)
		return r;
	r = getaddrinfo(host, port, &hints, ret);
	return r == 0 ? 0 : err_set(err, ERR_USAGE, "invalid address \"%s\": %s", text, gai_strerror(r));
}

static int open_listener(const struct addrinfo *address, const char *text, struct error *err)
{
	static const int yes = 1;
	_cleanup_close_ int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 ||
	    bind(fd, address->ai_addr, address->ai_addrlen) < 0 || listen(fd, QUEUE) < 0)
		return err_sys(err, errno, "listen at \"%s\"", text);
	return TAKE_FD(fd);
}

int metrics_listen(const char *address, struct error *err)
{
	struct addrinfo *resolved;
	int r = resolve(address, &resolved, err);
	if (r < 0)
		return r;
	r = open_listener(resolved, address, err);
	freeaddrinfo(resolved);
	return r;
}

/* --- One connection --- */

/* All of the head, in time; what follows it is not for us. Returns false if there is none. */
static bool read_head(int fd, char head[static REQUEST_MAX])
{
	size_t len = 0;
	int64_t end_ns = time_monotonic_ns() + PATIENCE_S * NSEC_PER_SEC;
	while (len < REQUEST_MAX - 1 && time_monotonic_ns() < end_ns) {
		ssize_t n = RETRY_ON_EINTR(recv(fd, head + len, REQUEST_MAX - 1 - len, 0));
		if (n <= 0)
			return false;
		len += (size_t)n;
		head[len] = '\0';
		if (strstr(head, "\r\n\r\n"))
			return true;
	}
	return false;
}

/* In time, however little at once a reader takes: the others wait. */
static void send_all(int fd, const char *text, size_t len)
{
	int64_t end_ns = time_monotonic_ns() + PATIENCE_S * NSEC_PER_SEC;
	while (len > 0 && time_monotonic_ns() < end_ns) {
		ssize_t n = RETRY_ON_EINTR(send(fd, text, len, MSG_NOSIGNAL));
		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

static void answer(int fd, const char *status, const char *type, const struct str *body, bool head_only)
{
	_cleanup_str_ struct str head = { 0 };
	str_appendf(&head, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
		    status, type, body->len);
	send_all(fd, head.data, head.len);
	if (!head_only)
		send_all(fd, str_text(body), body->len);
}

static void refuse(int fd, const char *status)
{
	_cleanup_str_ struct str body = { 0 };
	str_appendf(&body, "%s\n", status);
	answer(fd, status, "text/plain; charset=utf-8", &body, false);
}

static bool is_path(const char *target, const char *path)
{
	const char *rest = str_after(target, path);
	return rest && (*rest == ' ' || *rest == '?');
}

static void serve_document(int fd, const struct document_server *server, bool head_only)
{
	_cleanup_str_ struct str body = { 0 };
	struct error failure = { 0 };
	if (server->make(server->context, &body, &failure) < 0) {
		log_failure(LOG_LEVEL_WARN, "answer a collector", &failure);
		refuse(fd, "500 Internal Server Error");
		return;
	}
	answer(fd, "200 OK", server->content_type, &body, head_only);
}

static void serve_request(int fd, const struct document_server *server)
{
	char head[REQUEST_MAX];
	if (!read_head(fd, head)) {
		refuse(fd, "400 Bad Request");
		return;
	}
	const char *get = str_after(head, "GET "), *peek = str_after(head, "HEAD ");
	if (!get && !peek)
		refuse(fd, "405 Method Not Allowed");
	else if (!is_path(get ? get : peek, server->path))
		refuse(fd, "404 Not Found");
	else
		serve_document(fd, server, peek != NULL);
}

static void serve_connection(int listener, const struct document_server *server)
{
	static const struct timeval patience = { .tv_sec = PATIENCE_S };
	_cleanup_close_ int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) < 0)
		return;
	serve_request(fd, server);
}

/* --- */

int metrics_serve(int listener, const struct document_server *server, struct error *err)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	_cleanup_close_ int signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return err_sys(err, errno, "open a signal descriptor");
	struct pollfd wait[] = { { .fd = signals, .events = POLLIN }, { .fd = listener, .events = POLLIN } };
	for (;;) {
		if (RETRY_ON_EINTR(poll(wait, ARRAY_SIZE(wait), -1)) < 0)
			return err_sys(err, errno, "wait for a collector");
		if (wait[0].revents)
			return 0;
		serve_connection(listener, server);
	}
}
