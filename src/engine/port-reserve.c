/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a port of the host is free, found out by binding it for a moment; and who has it if it is not.
 *
 * Source: bind(2), ip(7) ("ip_local_port_range"), proc(5) (/proc/net/tcp, /proc/PID/fd).
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/port.h"
#include "network/netns-work.h"

#define LOWEST_PORT "/proc/sys/net/ipv4/ip_unprivileged_port_start"

enum { SOCKETS_MAX = 64 << 20 }; /* bytes of a list of the kernel's sockets */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* --- who has it --- */

/* The inode of the socket that has the port, out of /proc/net/tcp and its like; 0: none is there. */
static unsigned long find_socket(const char *file, uint16_t port)
{
	_cleanup_free_ char *text = NULL;
	if (file_read(AT_FDCWD, file, SOCKETS_MAX, &text, NULL, NULL) < 0)
		return 0;
	enum { LISTENING = 0x0a, UNCONNECTED = 0x07 };
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	for (char **line = lines; line && *line; line++) {
		unsigned local, state;
		unsigned long inode;
		int n = sscanf(*line, " %*d: %*32[0-9A-F]:%4X %*32[0-9A-F]:%*4X %2X %*s %*s %*s %*d %*d %lu", &local,
			       &state, &inode);
		if (n == 3 && local == port && (state == LISTENING || state == UNCONNECTED))
			return inode;
	}
	return 0;
}

/* Whether one of the files of process @pid is the socket called @name. */
static bool has_socket(const char *pid, const char *name)
{
	_cleanup_free_ char *path = mem_printf("/proc/%s/fd", pid);
	_cleanup_closedir_ DIR *dir = opendir(path);
	bool found = false;
	for (struct dirent *entry; dir && !found && (entry = readdir(dir));) {
		char target[64];
		ssize_t len = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);
		target[MAX(len, 0)] = '\0';
		found = streq(target, name);
	}
	return found;
}

/* Its pid as text; free() it. */
static char *find_process(unsigned long inode)
{
	_cleanup_free_ char *name = mem_printf("socket:[%lu]", inode);
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	for (struct dirent *entry; proc && (entry = readdir(proc));)
		if (isdigit((unsigned char)entry->d_name[0]) && has_socket(entry->d_name, name))
			return mem_strdup(entry->d_name);
	return NULL;
}

static int name_holder(const struct port *port, struct error *err)
{
	char command[64], text[CIDR_TEXT_MAX];
	unsigned long inode = 0;
	const char *protocol = port_protocol_name(port->protocol);
	for (int v6 = 0; v6 < 2 && inode == 0; v6++) {
		_cleanup_free_ char *file = mem_printf("/proc/net/%s%s", protocol, v6 ? "6" : "");
		inode = find_socket(file, port->host_port);
	}
	_cleanup_free_ char *pid = inode ? find_process(inode) : NULL;
	if (!pid)
		return inode ? err_cause(err, "by a process that cannot be seen from here")
		       : err ? -err->code
			     : -ERR_PORT_HOST;
	_cleanup_free_ char *path = mem_printf("/proc/%s/comm", pid);
	if (file_read_line(AT_FDCWD, path, command, sizeof command) < 0)
		command[0] = '\0';
	cidr_address_text(&port->host, text);
	return err_cause(err, "pid %s (%s) has %s:%u", pid, command, *text ? text : "*", port->host_port);
}

/* --- binding --- */

static socklen_t fill(const struct port *port, sa_family_t family, union address *ret)
{
	*ret = (union address){ .any.sa_family = family };
	if (family == AF_INET6) {
		ret->v6.sin6_port = htons(port->host_port);
		if (port->host.family)
			memcpy(&ret->v6.sin6_addr, port->host.bytes, sizeof ret->v6.sin6_addr);
		return sizeof ret->v6;
	}
	ret->v4.sin_port = htons(port->host_port);
	if (port->host.family)
		memcpy(&ret->v4.sin_addr, port->host.bytes, sizeof ret->v4.sin_addr);
	return sizeof ret->v4;
}

/* A connection of before that has not timed out yet is no holder. */
static int bind_socket(const struct port *port, sa_family_t family, uint16_t *ret_port)
{
	union address address;
	int on = 1, type = port->protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM;
	socklen_t len = fill(port, family, &address);
	_cleanup_close_ int sock = socket(family, type | SOCK_CLOEXEC, port->protocol);
	if (sock < 0)
		return -errno;
	if (type == SOCK_STREAM)
		(void)setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (family == AF_INET6)
		(void)setsockopt(sock, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (bind(sock, &address.any, len) < 0 || getsockname(sock, &address.any, &len) < 0)
		return -errno;
	/* With SO_REUSEADDR only listen() finds another listener. */
	if (type == SOCK_STREAM && listen(sock, 1) < 0)
		return -errno;
	*ret_port = ntohs(family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
	return 0;
}

/* The low ones are for who has a right to them. Source: Documentation/networking/ip-sysctl.rst. */
static int name_lowest(struct error *err)
{
	char lowest[16];
	if (file_read_line(AT_FDCWD, LOWEST_PORT, lowest, sizeof lowest) <= 0)
		return err ? -err->code : -ERR_PERMISSION;
	err_cause(err, "'" LOWEST_PORT "' is %s", lowest);
	return err_hint(err, "publish a port from %s up; or, as root, sysctl net.ipv4.ip_unprivileged_port_start=PORT",
			lowest);
}

static int reserve(void *argument, struct error *err)
{
	struct port *port = argument;
	const char *protocol = port_protocol_name(port->protocol);
	char text[CIDR_TEXT_MAX];
	uint16_t bound = 0;
	int r = bind_socket(port, port->host.family == AF_INET6 ? AF_INET6 : AF_INET, &bound);
	switch (-r) {
	case 0:
		port->host_port = bound;
		return 0;
	case EADDRINUSE:
		err_set(err, ERR_PORT_HOST, "port %u/%s: address already in use", port->host_port, protocol);
		return name_holder(port, err);
	case EADDRNOTAVAIL:
		return err_set(err, ERR_ADDRESS, "port %u/%s: this host does not have the address %s", port->host_port,
			       protocol, cidr_address_text(&port->host, text));
	case EACCES:
		err_sys(err, EACCES, "reserve port %u/%s", port->host_port, protocol);
		return name_lowest(err);
	case EPROTONOSUPPORT:
	case EAFNOSUPPORT:
		/* A kernel without SCTP can still send it on. */
		return port->host_port ? 0 : err_sys(err, -r, "find a free port for %s", protocol);
	default:
		return err_sys(err, -r, "reserve port %u/%s", port->host_port, protocol);
	}
}

/* It is the host's, wherever the container's network is. */
int port_reserve(struct port *port, struct error *err)
{
	return netns_work_outside(reserve, port, err);
}
