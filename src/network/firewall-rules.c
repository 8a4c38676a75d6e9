/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules, which are the same for all networks and ports; and nft(8), which reads them.
 *
 * A packet's way: what comes to an address of this host is looked up among the published ports and sent on to the
 * container. Towards a container goes what answers, what was published, what comes from its own network, and nothing
 * else; the host itself, whose packets are not forwarded, reaches all of them. What leaves a network for the world gets
 * the host's address.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "network/firewall.h"

#define RULES                                                                                              \
	"set bridges { type ifname; }\n"                                                                   \
	"set internal { type ifname; }\n"                                                                  \
	"set same { type ifname . ifname; }\n" /* a network and itself */                                  \
	"set subnets4 { type ipv4_addr; flags interval; }\n"                                               \
	"set subnets6 { type ipv6_addr; flags interval; }\n"                                               \
	"set masquerade4 { type ipv4_addr; flags interval; }\n"                                            \
	"set masquerade6 { type ipv6_addr; flags interval; }\n"                                            \
	"map publish4 { type inet_proto . inet_service : ipv4_addr . inet_service; }\n"                    \
	"map publish4_on { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }\n"     \
	"map publish6 { type inet_proto . inet_service : ipv6_addr . inet_service; }\n"                    \
	"map publish6_on { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }\n"     \
	"chain publish {\n"                                                                                \
	"	dnat ip to ip daddr . meta l4proto . th dport map @publish4_on\n"                                \
	"	dnat ip to meta l4proto . th dport map @publish4\n"                                              \
	"	dnat ip6 to ip6 daddr . meta l4proto . th dport map @publish6_on\n"                              \
	"	dnat ip6 to meta l4proto . th dport map @publish6\n"                                             \
	"}\n"                                                                                              \
	"chain guard {\n" /* 127/8 is routed on bridges for the host's sake, not for who is behind them */ \
	"	type filter hook prerouting priority raw; policy accept;\n"                                      \
	"	ip daddr 127.0.0.0/8 iifname @bridges drop\n"                                                    \
	"}\n"                                                                                              \
	"chain prerouting {\n"                                                                             \
	"	type nat hook prerouting priority dstnat; policy accept;\n"                                      \
	"	fib daddr type local jump publish\n"                                                             \
	"}\n"                                                                                              \
	"chain output {\n"                                                                                 \
	"	type nat hook output priority -100; policy accept;\n"                                            \
	"	fib daddr type local jump publish\n"                                                             \
	"}\n"                                                                                              \
	"chain postrouting {\n"                                                                            \
	"	type nat hook postrouting priority srcnat; policy accept;\n"                                     \
	"	oifname != @bridges ip saddr @masquerade4 masquerade\n"                                          \
	"	oifname != @bridges ip6 saddr @masquerade6 masquerade\n" /* the way back must be ours: */  \
	"	oifname @bridges ct status dnat ip saddr 127.0.0.0/8 masquerade\n"                               \
	"	oifname @bridges ct status dnat ip saddr @subnets4 masquerade\n"                                 \
	"	oifname @bridges ct status dnat ip6 saddr @subnets6 masquerade\n"                                \
	"}\n"                                                                                              \
	"chain forward {\n"                                                                                \
	"	type filter hook forward priority filter; policy accept;\n"                                      \
	"	ct state established,related accept\n"                                                           \
	"	iifname . oifname @same accept\n"                                                                \
	"	iifname @internal drop\n"                                                                        \
	"	oifname @internal drop\n"                                                                        \
	"	ct status dnat accept\n"                                                                         \
	"	oifname @bridges drop\n"                                                                         \
	"}\n"

enum { COMPLAINT_MAX = 2048 };

/* Looked for where distributions have it, whatever PATH says. */
static const char *find_nft(void)
{
	static const char *const places[] = { "/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft", "/usr/local/sbin/nft" };
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	return NULL;
}

/* The first line of what it complained about. */
static int failed(int complaints, const char *table, struct error *err)
{
	char text[COMPLAINT_MAX] = "";
	if (lseek(complaints, 0, SEEK_SET) < 0 || fd_read_full(complaints, text, sizeof text - 1) < 0)
		text[0] = '\0';
	err_set(err, ERR_SYSTEM, "make the packet filter's table \"%s\": nft failed", table);
	return err_cause(err, "nft says: %.*s", (int)strcspn(text, "\n"), text);
}

static int open_memory(const char *text, struct error *err)
{
	_cleanup_close_ int fd = memfd_create("nft", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));
	if (r < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, r < 0 ? -r : errno, "write rules for nft");
	return TAKE_FD(fd);
}

static int run_nft(const char *commands, const char *table, struct error *err)
{
	const char *path = find_nft();
	if (!path) {
		err_set(err, ERR_UNSUPPORTED, "make the packet filter's table \"%s\": there is no nft", table);
		return err_hint(err, "install the package nftables, or use --network host or none");
	}
	_cleanup_close_ int input = open_memory(commands, err);
	_cleanup_close_ int complaints = input < 0 ? -1 : open_memory("", err);
	if (complaints < 0)
		return err ? -err->code : -ERR_SYSTEM;
	char *argv[] = { (char *)"nft", (char *)"-f", (char *)"-", NULL };
	const struct process_spawn spawn = { .path = path, .argv = argv, .stdio = { input, complaints, complaints } };
	pid_t pid;
	int status, r = process_spawn(&spawn, &pid, err);
	if (r >= 0)
		r = process_wait(pid, &status, err);
	if (r < 0)
		return r;
	return process_exit_code(status) == 0 ? 0 : failed(complaints, table, err);
}

/* "add" before "delete": what is not there can be deleted as well then, in the one transaction that a file is. */
int firewall_make_table(const char *table, struct error *err)
{
	_cleanup_free_ char *commands = mem_printf(
		"add table inet %s\ndelete table inet %s\ntable inet %s {\n" RULES "}\n", table, table, table);
	return run_nft(commands, table, err);
}

int firewall_remove_table(const char *table, struct error *err)
{
	_cleanup_free_ char *commands = mem_printf("add table inet %s\ndelete table inet %s\n", table, table);
	return run_nft(commands, table, err);
}
