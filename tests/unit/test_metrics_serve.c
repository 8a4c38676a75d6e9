/* SPDX-License-Identifier: Apache-2.0 */
/* One connection at a time: nobody holds up the others for long. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "cli/metrics-serve.h"

/* A reader that is slow, but steady enough for every single send: all of it takes him half a minute. */
enum { DOCUMENT = 128 << 20, PIECE = 64 << 10, PAUSE_MS = 15 };

static int make(void *context, struct str *out, struct error *err)
{
	_cleanup_free_ char *piece = mem_alloc(PIECE);
	memset(piece, 'x', PIECE);
	for (size_t len = 0; len < DOCUMENT; len += PIECE)
		str_append_len(out, piece, PIECE);
	return 0;
}

static pid_t start_server(int listener)
{
	static const struct document_server server = { .path = "/metrics", .content_type = "text/plain", .make = make };
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	_exit(metrics_serve(listener, &server, NULL) < 0);
}

static int ask(int listener, const char *request)
{
	struct sockaddr_in address;
	socklen_t len = sizeof address;
	int small = PIECE, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
	return fd;
}

static void test_slow_reader(void **state)
{
	_cleanup_close_ int listener = metrics_listen("127.0.0.1:0", NULL);
	assert_true(listener >= 0);
	pid_t server = start_server(listener);
	_cleanup_close_ int slow = ask(listener, "GET /metrics HTTP/1.1\r\n\r\n");
	_cleanup_close_ int other = ask(listener, "GET /other HTTP/1.1\r\n\r\n");
	_cleanup_free_ char *piece = mem_alloc(PIECE);
	struct pollfd answer = { .fd = other, .events = POLLIN };
	size_t got = 0;
	for (ssize_t n = 1; poll(&answer, 1, PAUSE_MS) == 0;) {
		if (n > 0)
			n = recv(slow, piece, PIECE, 0);
		if (n > 0)
			got += (size_t)n;
	}
	assert_true(got > 0);
	assert_true(got < DOCUMENT);
	assert_true(recv(other, piece, PIECE, 0) > 0);
	assert_memory_equal(piece, "HTTP/1.1 404", strlen("HTTP/1.1 404"));
	int status;
	kill(server, SIGTERM);
	assert_int_equal(waitpid(server, &status, 0), server);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_slow_reader) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
