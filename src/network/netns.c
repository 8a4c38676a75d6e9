/* SPDX-License-Identifier: Apache-2.0 */
#include "network/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/util.h"
#include "network/link.h"
#include "base/netlink.h"

#define OWN_NETNS "/proc/thread-self/ns/net"

void netns_done(struct netns *netns)
{
	fd_close(netns->fd);
	fd_close(netns->rtnl);
	*netns = NETNS_NONE;
}

static int open_own(struct error *err)
{
	int fd = open(OWN_NETNS, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "open \"%s\"", OWN_NETNS) : fd;
}

/*
 * Without an IPv6 address nothing in it should speak IPv6 over links. A kernel without IPv6 has no such file, and needs
 * none. /proc/sys/net shows the namespace of whoever opens it.
 */
static void disable_ipv6(void)
{
	(void)file_write_line(AT_FDCWD, "/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
}

/* What is to be done while the thread is inside. */
static int fill(bool ipv6, struct netns *netns, struct error *err)
{
	netns->fd = open_own(err);
	if (netns->fd < 0)
		return netns->fd;
	netns->rtnl = netlink_open(NETLINK_ROUTE, err);
	if (netns->rtnl < 0)
		return netns->rtnl;
	if (!ipv6)
		disable_ipv6();
	return link_loopback_up(netns->rtnl, err);
}

/* Nothing that follows would be right in the wrong namespace. */
static void go_back(int host)
{
	if (setns(host, CLONE_NEWNET) < 0)
		abort();
}

static int finish(int r, struct netns *made, struct netns *ret)
{
	if (r < 0) {
		netns_done(made);
		return r;
	}
	*ret = *made;
	return 0;
}

int netns_make(bool ipv6, struct netns *ret, struct error *err)
{
	struct netns made = { .fd = -1, .rtnl = -1, .ipv6 = ipv6 };
	_cleanup_close_ int host = open_own(err);
	if (host < 0)
		return host;
	if (unshare(CLONE_NEWNET) < 0)
		return err_sys(err, errno, "make a network namespace");
	int r = fill(ipv6, &made, err);
	go_back(host);
	return finish(r, &made, ret);
}

/* What it says is an error, whose code is ERR_NONE if all went well; then it sends the namespace and the socket along. */
_Noreturn static void make_and_send(int connection, int user_namespace, bool ipv6)
{
	struct netns made = NETNS_NONE;
	struct error failure = { 0 };
	if (user_namespace >= 0 && setns(user_namespace, CLONE_NEWUSER) < 0)
		err_sys(&failure, errno, "enter the container's user namespace");
	else if (unshare(CLONE_NEWNET) < 0)
		err_sys(&failure, errno, "make a network namespace");
	else
		(void)fill(ipv6, &made, &failure);
	const int fds[] = { made.fd, made.rtnl };
	_exit(fd_send(connection, &failure, sizeof failure, fds, failure.code ? 0 : ARRAY_SIZE(fds)) < 0);
}

static int receive(int connection, bool ipv6, struct netns *ret, struct error *err)
{
	struct error failure;
	int fds[2] = { -1, -1 };
	size_t count = 0;
	ssize_t len = fd_receive(connection, &failure, sizeof failure, fds, ARRAY_SIZE(fds), &count);
	if (len != sizeof failure)
		return err_set(err, ERR_SYSTEM, "the process that makes a network namespace has died");
	if (failure.code != ERR_NONE) {
		(void)err_check_received(&failure);
		if (err)
			*err = failure;
		return -failure.code;
	}
	*ret = (struct netns){ .fd = fds[0], .rtnl = fds[1], .ipv6 = ipv6 };
	return 0;
}

int netns_make_apart(int user_namespace, bool ipv6, struct netns *ret, struct error *err)
{
	int ends[2], status;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(err, errno, "make a connection");
	_cleanup_close_ int ours = ends[0];
	_cleanup_close_ int theirs = ends[1];
	pid_t pid = fork();
	if (pid < 0)
		return err_sys(err, errno, "make a process");
	if (pid == 0)
		make_and_send(theirs, user_namespace, ipv6);
	fd_close(TAKE_FD(theirs));
	int r = receive(ours, ipv6, ret, err);
	(void)process_wait(pid, &status, NULL);
	return r;
}

int netns_allow_ipv6(const struct netns *netns, const char *name, struct error *err)
{
	_cleanup_free_ char *path = mem_printf("/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
	_cleanup_close_ int host = open_own(err);
	if (host < 0)
		return host;
	if (setns(netns->fd, CLONE_NEWNET) < 0)
		return err_sys(err, errno, "enter a network namespace");
	int r = file_write_line(AT_FDCWD, path, "0");
	go_back(host);
	return r < 0 ? err_sys(err, -r, "allow IPv6 on the network interface \"%s\"", name) : 0;
}

int netns_open(int fd, struct netns *ret, struct error *err)
{
	struct netns made = { .fd = fd, .rtnl = -1 };
	_cleanup_close_ int host = open_own(err);
	if (host < 0)
		return finish(host, &made, ret);
	if (setns(made.fd, CLONE_NEWNET) < 0) {
		int r = err_sys(err, errno, "enter a network namespace");
		return finish(r, &made, ret);
	}
	made.rtnl = netlink_open(NETLINK_ROUTE, err);
	go_back(host);
	return finish(made.rtnl < 0 ? made.rtnl : 0, &made, ret);
}
