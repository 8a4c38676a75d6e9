/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer - both ends of a TCP connection.
 *
 *	peer serve PORT                   take connections, one after the other, for ever
 *	peer stream ADDRESS PORT SECONDS  send as much as goes; prints MB/s
 *	peer pong ADDRESS PORT SECONDS    send one byte and wait for it; prints the median in us
 *
 * The first byte says what is wanted: 's' of a stream, which is thrown away, 'p' of one whose bytes come back.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 128 << 10, SAMPLES_MAX = 1 << 20 };

static char block[BLOCK];
static double samples[SAMPLES_MAX];

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void answer(int sock)
{
	char mode;
	ssize_t len;
	if (read(sock, &mode, 1) != 1)
		return;
	while ((len = read(sock, block, sizeof block)) > 0)
		if (mode == 'p' && write(sock, block, (size_t)len) != len)
			return;
}

static void set_no_delay(int sock)
{
	int on = 1;
	setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void serve(const char *port)
{
	const struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
	int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(listener, (const struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 8) < 0)
		fail("listen");
	for (;;) {
		int sock = accept(listener, NULL, NULL);
		if (sock < 0)
			fail("accept");
		set_no_delay(sock);
		answer(sock);
		close(sock);
	}
}

static int connect_to(const char *host, const char *port, char mode)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
	int sock = socket(AF_INET, SOCK_STREAM, 0);
	inet_pton(AF_INET, host, &address.sin_addr);
	if (connect(sock, (const struct sockaddr *)&address, sizeof address) < 0)
		fail("connect");
	set_no_delay(sock);
	if (write(sock, &mode, 1) != 1)
		fail("write");
	return sock;
}

static void stream(int sock, double seconds)
{
	double begin = now(), bytes = 0, end;
	while ((end = now()) - begin < seconds) {
		ssize_t len = write(sock, block, sizeof block);
		if (len < 0)
			fail("write");
		bytes += (double)len;
	}
	printf("%.0f\n", bytes / (end - begin) / 1e6);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void pong(int sock, double seconds)
{
	double begin = now(), last = begin;
	size_t count = 0;
	char byte = 'x';
	while (last - begin < seconds && count < SAMPLES_MAX) {
		if (write(sock, &byte, 1) != 1 || read(sock, &byte, 1) != 1)
			fail("exchange a byte");
		double time = now();
		samples[count++] = time - last;
		last = time;
	}
	qsort(samples, count, sizeof *samples, compare);
	printf("%.1f\n", samples[count / 2] * 1e6);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "serve") == 0)
		serve(argv[2]);
	if (argc != 5)
		return 2;
	int sock = connect_to(argv[2], argv[3], *argv[1] == 's' ? 's' : 'p');
	(*argv[1] == 's' ? stream : pong)(sock, atof(argv[4]));
	return 0;
}
