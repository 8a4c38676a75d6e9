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
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "engine/port.h"
#include "network/firewall.h"
#include "network/netns-work.h"

#define LOWEST_PORT "/proc/sys/net/ipv4/ip_unprivileged_port_start"

enum { SOCKETS_MAX = 64 << 20 }; /* bytes of a list of the kernel's sockets */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* --- who has it --- */

struct holder {
	struct cidr address;
	unsigned long inode; /* of the socket; 0: none was found */
	char *pid, command[64];
};

/* As /proc/net/tcp has them: in words of 32 bits, each a number of this machine's. */
static void read_address(const char *hex, struct cidr *ret)
{
	*ret = (struct cidr){ .family = strlen(hex) > 8 ? AF_INET6 : AF_INET };
	for (size_t i = 0; i < cidr_length(ret) / sizeof(uint32_t); i++) {
		char digits[9] = { 0 };
		memcpy(digits, hex + i * 8, 8);
		uint32_t word = (uint32_t)strtoul(digits, NULL, 16);
		memcpy(ret->bytes + i * sizeof word, &word, sizeof word);
	}
}

/* Whether who listens at @address may be why @wanted, of @family, cannot be had. "::" may be of both families. */
static bool excludes(const struct cidr *address, const struct cidr *wanted, sa_family_t family)
{
	if (cidr_is_any(address))
		return family == AF_INET || address->family == AF_INET6;
	return address->family == family && (cidr_is_any(wanted) || cidr_same_address(address, wanted));
}

/* Who has @port, out of /proc/net/tcp and its like. */
static bool find_socket(const char *file, const struct port *port, sa_family_t family, struct holder *ret)
{
	enum { LISTENING = 0x0a, UNCONNECTED = 0x07 };
	_cleanup_free_ char *text = NULL;
	if (file_read(AT_FDCWD, file, SOCKETS_MAX, &text, NULL, NULL) < 0)
		return false;
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	for (char **line = lines; line && *line; line++) {
		char address[33];
		unsigned local, state;
		int n = sscanf(*line, " %*d: %32[0-9A-F]:%4X %*32[0-9A-F]:%*4X %2X %*s %*s %*s %*d %*d %lu", address,
			       &local, &state, &ret->inode);
		if (n != 4 || local != port->host_port || (state != LISTENING && state != UNCONNECTED))
			continue;
		read_address(address, &ret->address);
		if (excludes(&ret->address, &port->host, family))
			return true;
	}
	return false;
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

/* Whether there is a socket; free() what is in *ret. */
static bool find_holder(const struct port *port, sa_family_t family, struct holder *ret)
{
	bool found = false;
	for (int v6 = 0; v6 < 2 && !found; v6++) {
		_cleanup_free_ char *file =
			mem_printf("/proc/net/%s%s", port_protocol_name(port->protocol), v6 ? "6" : "");
		found = find_socket(file, port, family, ret);
	}
	ret->pid = found ? find_process(ret->inode) : NULL;
	_cleanup_free_ char *path = ret->pid ? mem_printf("/proc/%s/comm", ret->pid) : NULL;
	if (!path || file_read_line(AT_FDCWD, path, ret->command, sizeof ret->command) < 0)
		ret->command[0] = '\0';
	return found;
}

static int name_holder(const struct port *port, sa_family_t family, struct error *err)
{
	char text[CIDR_TEXT_MAX];
	struct holder holder = { 0 };
	bool found = find_holder(port, family, &holder);
	_cleanup_free_ char *pid = holder.pid;
	if (!pid)
		return found ? err_cause(err, "by a process that cannot be seen from here")
		       : err ? -err->code
			     : -ERR_PORT_HOST;
	cidr_address_text(&holder.address, text);
	return err_cause(err, holder.address.family == AF_INET6 ? "pid %s (%s) has [%s]:%u" : "pid %s (%s) has %s:%u",
			 pid, holder.command, text, port->host_port);
}

/* A process of coffer's; one that has no files any more may have been one. */
static bool is_ours(const struct port *port, sa_family_t family)
{
	struct holder holder = { 0 };
	bool found = find_holder(port, family, &holder);
	_cleanup_free_ char *pid = holder.pid;
	return found && (!pid || str_starts_with(holder.command, "coffer-"));
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

struct wish {
	struct port *port;
	const char *table;
	bool both;	    /* at each address of both families, if at none in particular */
	sa_family_t family; /* that was tried last */
};

static int bind_each(struct wish *wish)
{
	struct port *port = wish->port;
	wish->family = port->host.family == AF_INET6 ? AF_INET6 : AF_INET;
	int r = bind_socket(port, wish->family, &port->host_port);
	if (r < 0 || !wish->both || port->host.family)
		return r;
	wish->family = AF_INET6;
	r = bind_socket(port, AF_INET6, &port->host_port);
	return r == -EAFNOSUPPORT ? 0 : r;
}

/* What containers of other roots have published stands in the packet filter. */
static int look_at_others(const struct wish *wish, struct error *err)
{
	const struct port *port = wish->port;
	_cleanup_free_ char *other = NULL;
	struct error why = { 0 };
	int r = !wish->table ? 0
			     : firewall_find_other(wish->table, &port->host, wish->both, port->protocol,
						   port->host_port, &other, &why);
	if (r < 0)
		log_failure(LOG_LEVEL_DEBUG, "look for the ports of other roots", &why);
	if (r <= 0)
		return 0;
	err_set(err, ERR_PORT_ALLOCATED, "port %u/%s is already allocated", port->host_port,
		port_protocol_name(port->protocol));
	return err_cause(err, "a container of another root has published it (the packet filter's table \"%s\")", other);
}

static int in_use(const struct wish *wish, struct error *err)
{
	int r = look_at_others(wish, err);
	if (r < 0)
		return r;
	err_set(err, ERR_PORT_HOST, "port %u/%s: address already in use", wish->port->host_port,
		port_protocol_name(wish->port->protocol));
	return name_holder(wish->port, wish->family, err);
}

/* A monitor or a relay that was killed gives back its sockets a moment after its lock. */
static int bind_patiently(struct wish *wish)
{
	enum { PATIENCE_MS = 1000, PAUSE_MS = 10 };
	static const struct timespec moment = { .tv_nsec = PAUSE_MS * NSEC_PER_MSEC };
	int r = bind_each(wish);
	if (r != -EADDRINUSE || look_at_others(wish, NULL) < 0)
		return r;
	for (int i = 0; i < PATIENCE_MS / PAUSE_MS && r == -EADDRINUSE && is_ours(wish->port, wish->family); i++) {
		(void)nanosleep(&moment, NULL);
		r = bind_each(wish);
	}
	return r;
}

static int reserve(void *argument, struct error *err)
{
	struct wish *wish = argument;
	const struct port *port = wish->port;
	const char *protocol = port_protocol_name(port->protocol);
	char text[CIDR_TEXT_MAX];
	int r = bind_patiently(wish);
	switch (-r) {
	case 0:
		return look_at_others(wish, err);
	case EADDRINUSE:
		return in_use(wish, err);
	case EADDRNOTAVAIL:
		return err_set(err, ERR_ADDRESS, "port %u/%s: this host does not have the address %s", port->host_port,
			       protocol, cidr_address_text(&port->host, text));
	case EACCES:
		err_sys(err, EACCES, "reserve port %u/%s", port->host_port, protocol);
		return name_lowest(err);
	case EPROTONOSUPPORT:
	case EAFNOSUPPORT:
		/* A kernel without SCTP can still send it on. */
		return port->host_port ? look_at_others(wish, err)
				       : err_sys(err, -r, "find a free port for %s", protocol);
	default:
		return err_sys(err, -r, "reserve port %u/%s", port->host_port, protocol);
	}
}

/* It is the host's, wherever the container's network is. */
int port_reserve(struct port *port, bool both, const char *table, struct error *err)
{
	struct wish wish = { .port = port, .both = both, .table = table };
	return netns_work_outside(reserve, &wish, err);
}
