/* SPDX-License-Identifier: Apache-2.0 */
/* The process of a relay. Sources: epoll(7), proc(5) (/proc/PID/mounts), capset(2). */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/process.h"
#include "base/util.h"
#include "network/relay-loop.h"

#define MOUNTS "/proc/self/mountinfo"

enum { SWEEP_MS = 10000, MS_PER_S = 1000, NS_PER_MS = 1000000 };

struct relay_loop {
	int epoll;
	struct relay_listener *listeners;
	size_t n_listeners;
	void **freed; /* after this round */
	size_t n_freed;
	bool is_full; /* no file descriptor was left: nobody listens until one is */
	const char *netns_file;
};

int64_t relay_now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

/* --- sources --- */

void relay_watch(struct relay_loop *loop, struct relay_source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };
	if (events == source->events)
		return;
	int operation = !source->events ? EPOLL_CTL_ADD : events ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;
	if (epoll_ctl(loop->epoll, operation, source->fd, &event) == 0)
		source->events = events;
}

static void listen_all(struct relay_loop *loop, bool on)
{
	loop->is_full = !on;
	for (size_t i = 0; i < loop->n_listeners; i++)
		relay_watch(loop, &loop->listeners[i].source, on ? EPOLLIN : 0);
}

void relay_wait_for_files(struct relay_loop *loop)
{
	listen_all(loop, false);
}

void relay_unwatch(struct relay_loop *loop, struct relay_source *source)
{
	relay_watch(loop, source, 0);
	fd_close(TAKE_FD(source->fd));
	if (loop->is_full)
		listen_all(loop, true);
}

void relay_free_later(struct relay_loop *loop, void *object)
{
	*ARRAY_APPEND(loop->freed, loop->n_freed) = object;
}

/* --- listening --- */

/* @handed: that listens already, or -1. */
static int open_listener(const char *text, int handed, struct relay_listener *ret, struct error *err)
{
	struct relay_rule rule;
	int r = relay_rule_parse(text, &rule, err);
	if (r >= 0)
		r = ret->source.fd = handed < 0 ? relay_listen(&rule, err) : handed;
	if (r < 0)
		return r;
	ret->source.ready = rule.protocol == IPPROTO_UDP ? relay_udp_ready : relay_tcp_ready;
	ret->target_len = relay_socket_address(&rule.target, rule.target_port, &ret->target);
	return 0;
}

/* @first: the number of the first one that is handed over, or -1. */
static int open_listeners(struct relay_loop *loop, char *const *rules, int first, struct error *err)
{
	int r = 0;
	for (int i = 0; r >= 0 && rules[i]; i++)
		r = open_listener(rules[i], first < 0 ? -1 : first + i,
				  ARRAY_APPEND(loop->listeners, loop->n_listeners), err);
	return r;
}

/* --- who we are from now on --- */

static int enter(const char *netns_file, struct error *err)
{
	_cleanup_close_ int netns = open(netns_file, O_RDONLY | O_CLOEXEC);
	if (netns < 0 || setns(netns, CLONE_NEWNET) < 0)
		return err_sys(err, errno, "enter the network namespace");
	return 0;
}

/* See RY3. */
static int give_up_rights(struct error *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_capset, &header, none) < 0)
		return err_sys(err, errno, "give up capabilities");
	return 0;
}

static void allow_many_files(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* --- until it is to end --- */

/* See RY1. What is bound to a file goes with that. */
static void mounts_ready(struct relay_loop *loop, struct relay_source *source, uint32_t events)
{
	(void)source;
	(void)events;
	if (access(loop->netns_file, F_OK) < 0)
		exit(EXIT_SUCCESS);
}

/* Of inotify's instances a user has only 128. */
static int watch_mounts(struct relay_loop *loop, struct relay_source *source, struct error *err)
{
	source->fd = open(MOUNTS, O_RDONLY | O_CLOEXEC);
	source->ready = mounts_ready;
	if (source->fd < 0)
		return err_sys(err, errno, "open '%s'", MOUNTS);
	relay_watch(loop, source, EPOLLPRI);
	return 0;
}

/* Returns for how long to wait for the next event. */
static int sweep(struct relay_loop *loop)
{
	bool any = false;
	for (size_t i = 0; i < loop->n_listeners; i++)
		any |= relay_udp_sweep(loop, &loop->listeners[i], relay_now_ms());
	for (size_t i = 0; i < loop->n_freed; i++)
		free(loop->freed[i]);
	loop->n_freed = 0;
	return any ? SWEEP_MS : -1;
}

_Noreturn static void serve(struct relay_loop *loop)
{
	struct epoll_event events[64];
	listen_all(loop, true);
	for (;;) {
		int n = epoll_wait(loop->epoll, events, ARRAY_SIZE(events), sweep(loop));
		for (int i = 0; i < n; i++) {
			struct relay_source *source = events[i].data.ptr;
			source->ready(loop, source, events[i].events);
		}
	}
}

/* --- */

static int write_pid(const char *path, pid_t pid, struct error *err)
{
	_cleanup_free_ char *parent = mem_strndup(path, (size_t)(path_base(path) - path));
	_cleanup_close_ int directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char text[16];
	int len = snprintf(text, sizeof text, "%d\n", (int)pid);
	if (directory < 0)
		return err_sys(err, errno, "open '%s'", parent);
	return file_write_atomic(directory, path_base(path), text, (size_t)len, 0600, 0, err);
}

static int prepare(struct relay_loop *loop, struct relay_source *mounts, char *const *rules, struct error *err)
{
	allow_many_files();
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	int r = loop->epoll < 0 ? err_sys(err, errno, "make an epoll instance") : 0;
	if (r >= 0)
		r = open_listeners(loop, rules, -1, err);
	if (r >= 0)
		r = watch_mounts(loop, mounts, err);
	if (r >= 0)
		r = enter(loop->netns_file, err);
	return r < 0 ? r : give_up_rights(err);
}

/* See RY4. Whoever handed it over may have died before the kernel was told what follows from that. */
static int end_with_parent(pid_t parent, struct error *err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_sys(err, errno, "ask for the end of the parent process");
	if (getppid() != parent)
		exit(EXIT_SUCCESS);
	return 0;
}

static int take_over(struct relay_loop *loop, pid_t parent, char *const *rules, struct error *err)
{
	allow_many_files();
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	int r = loop->epoll < 0 ? err_sys(err, errno, "make an epoll instance") : 0;
	if (r >= 0)
		r = open_listeners(loop, rules, PASS_FD_FIRST, err);
	if (r >= 0)
		r = give_up_rights(err);
	return r < 0 ? r : end_with_parent(parent, err);
}

static int fail(const struct error *err)
{
	fprintf(stderr, "%s\n", err->message);
	return EXIT_FAILURE;
}

int relay_handed_main(char *const *argv)
{
	enum { PARENT = 2, FIRST_RULE };
	static struct relay_loop loop;
	struct error err = { 0 };
	if (take_over(&loop, (pid_t)strtol(argv[PARENT], NULL, 10), argv + FIRST_RULE, &err) < 0)
		return fail(&err);
	serve(&loop);
}

int relay_main(char *const *argv)
{
	enum { PID_FILE = 1, NETNS_FILE, FIRST_RULE };
	static struct relay_loop loop;
	static struct relay_source mounts;
	struct error err = { 0 };
	loop.netns_file = argv[NETNS_FILE];
	(void)signal(SIGHUP, SIG_IGN);
	if (prepare(&loop, &mounts, argv + FIRST_RULE, &err) < 0)
		return fail(&err);
	pid_t pid = fork();
	if (pid < 0)
		return EXIT_FAILURE;
	if (pid > 0)
		return write_pid(argv[PID_FILE], pid, &err) < 0 ? fail(&err) : EXIT_SUCCESS;
	fd_close(STDOUT_FILENO);
	fd_close(STDERR_FILENO);
	(void)fd_fill_standard();
	serve(&loop);
}
