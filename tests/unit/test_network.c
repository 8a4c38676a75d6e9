/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links, namespaces and the packet filter, in a network namespace of the test's own that plays the host. Each test is a
 * process of its own, so that nothing has to be taken back.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "network/firewall.h"
#include "network/link.h"
#include "base/netlink.h"
#include "network/netns.h"
#include "network/stacked.h"

#define TABLE "coffer-unit"

/* A failed assertion of the child is its exit status. */
#define REQUIRE(condition)                                                                               \
	do {                                                                                             \
		if (!(condition)) {                                                                      \
			fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, err.message); \
			return 1;                                                                        \
		}                                                                                        \
	} while (0)

static void as_host(int (*body)(void))
{
	int status = -1;
	pid_t pid = fork();
	if (pid == 0)
		_exit(unshare(CLONE_NEWNET) < 0 ? 77 : body());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

static struct cidr of(const char *text)
{
	struct cidr cidr = { 0 };
	(void)cidr_parse(text, &cidr, NULL);
	return cidr;
}

static const struct veth VETH = {
	.name = "vethtest", .alias = "web", .bridge = "cof0", .inside = "eth0", .mac = { 2, 0x42, 10, 9, 0, 2 }
};

/* --- one container on a bridge --- */

static int make_bridge(int rtnl, struct error *err)
{
	const struct bridge bridge = {
		.name = "cof0", .alias = "network test", .gateway = of("10.9.0.1/16"), .gateway6 = of("fd09::1/64")
	};
	return bridge_make(rtnl, &bridge, err);
}

static int plug(int host, const struct netns *netns, struct error *err)
{
	const struct link_setup setup = {
		.name = "eth0",
		.address = of("10.9.0.2/16"),
		.address6 = of("fd09::2/64"),
		.gateway = of("10.9.0.1"),
		.gateway6 = of("fd09::1"),
	};
	struct veth veth = VETH;
	veth.netns = netns->fd;
	int r = veth_make(host, &veth, err);
	return r < 0 ? r : link_configure(netns->rtnl, &setup, err);
}

/* A datagram from the host's side to a socket inside comes out there, from the bridge's address. */
static int send_through(const struct netns *netns, int family, const char *from, const char *to)
{
	const struct error err = { 0 };
	struct sockaddr_storage inside = { .ss_family = (sa_family_t)family };
	struct sockaddr_storage peer = { 0 };
	socklen_t peer_len = sizeof peer,
		  len = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	char text[INET6_ADDRSTRLEN], buf[8];
	void *address = family == AF_INET ? (void *)&((struct sockaddr_in *)&inside)->sin_addr
					  : (void *)&((struct sockaddr_in6 *)&inside)->sin6_addr;
	inet_pton(family, to, address);
	((struct sockaddr_in *)&inside)->sin_port = htons(5353); /* at the same place in both */
	_cleanup_close_ int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	REQUIRE(setns(netns->fd, CLONE_NEWNET) == 0);
	_cleanup_close_ int server = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	REQUIRE(setns(own, CLONE_NEWNET) == 0);
	_cleanup_close_ int client = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	REQUIRE(bind(server, (struct sockaddr *)&inside, len) == 0);
	REQUIRE(sendto(client, "hello", 5, 0, (struct sockaddr *)&inside, len) == 5);
	REQUIRE(recvfrom(server, buf, sizeof buf, 0, (struct sockaddr *)&peer, &peer_len) == 5);
	const void *source = family == AF_INET ? (const void *)&((struct sockaddr_in *)&peer)->sin_addr
					       : (const void *)&((struct sockaddr_in6 *)&peer)->sin6_addr;
	REQUIRE(streq(inet_ntop(family, source, text, sizeof text), from));
	return 0;
}

static int connect_container(void)
{
	struct error err = { 0 };
	_cleanup_netns_ struct netns netns = NETNS_NONE;
	struct stat before, after;
	REQUIRE(stat("/proc/self/ns/net", &before) == 0);
	_cleanup_close_ int host = netlink_open(NETLINK_ROUTE, &err);
	REQUIRE(host >= 0);
	REQUIRE(make_bridge(host, &err) == 0);
	REQUIRE(make_bridge(host, &err) == 0); /* there already */
	REQUIRE(netns_make(true, &netns, &err) == 0);
	REQUIRE(stat("/proc/self/ns/net", &after) == 0 && before.st_ino == after.st_ino);
	REQUIRE(plug(host, &netns, &err) == 0);
	REQUIRE(send_through(&netns, AF_INET, "10.9.0.1", "10.9.0.2") == 0);
	REQUIRE(send_through(&netns, AF_INET6, "fd09::1", "fd09::2") == 0);
	REQUIRE(link_find(netns.rtnl, "eth0", &err) > 0);
	REQUIRE(link_remove(host, "vethtest", &err) == 0);
	REQUIRE(link_find(netns.rtnl, "eth0", &err) == -ERR_NOT_FOUND);
	REQUIRE(link_remove(host, "vethtest", &err) == 0);
	REQUIRE(link_remove(host, "cof0", &err) == 0);
	return 0;
}

static void test_connect_container(void **state)
{
	as_host(connect_container);
}

static int say_what_failed(void)
{
	struct error err = { 0 };
	_cleanup_netns_ struct netns netns = NETNS_NONE;
	_cleanup_close_ int host = netlink_open(NETLINK_ROUTE, &err);
	REQUIRE(netns_make(false, &netns, &err) == 0);
	REQUIRE(plug(host, &netns, &err) == -ERR_NOT_FOUND);
	REQUIRE(streq(err.message, "there is no network interface \"cof0\""));
	REQUIRE(make_bridge(host, NULL) == 0);
	REQUIRE(plug(host, &netns, NULL) < 0); /* no IPv6 there */
	struct veth veth = VETH;
	veth.netns = netns.fd;
	REQUIRE(veth_make(host, &veth, &err) == -ERR_EXISTS);
	REQUIRE(streq(err.message, "make the network interface \"vethtest\": file exists"));
	const struct bridge bad = { .name = "a/b", .gateway = of("10.9.0.1/16") };
	REQUIRE(bridge_make(host, &bad, &err) < 0);
	REQUIRE(str_starts_with(err.message, "make the bridge \"a/b\": "));
	return 0;
}

static void test_say_what_failed(void **state)
{
	as_host(say_what_failed);
}

static int find_overlaps(void)
{
	struct error err = { 0 };
	_cleanup_close_ int host = netlink_open(NETLINK_ROUTE, &err);
	REQUIRE(make_bridge(host, &err) == 0);
	static const struct {
		const char *subnet;
		int overlaps;
	} rows[] = { { "10.9.128.0/24", 1 },
		     { "10.0.0.0/8", 1 },
		     { "10.10.0.0/16", 0 },
		     { "fd09::/48", 1 },
		     { "fd0a::/64", 0 } };
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cidr subnet = of(rows[i].subnet);
		REQUIRE(route_overlaps(host, &subnet, &err) == rows[i].overlaps);
	}
	return 0;
}

static void test_find_overlaps(void **state)
{
	as_host(find_overlaps);
}

/* --- the packet filter --- */

/* Whether nft shows @wanted among what is in the table. */
static bool table_shows(const char *wanted)
{
	_cleanup_free_ char *text = NULL;
	FILE *nft = popen("nft list ruleset 2>&1", "r");
	if (!nft)
		return false;
	struct error err = { 0 };
	int r = fd_read_text(fileno(nft), 1 << 20, "nft", &text, NULL, &err);
	pclose(nft);
	return r >= 0 && strstr(text, wanted);
}

static int change(bool remove, bool network, bool port, struct error *err)
{
	_cleanup_firewall_change_ struct firewall_change change = { 0 };
	const struct firewall_network web = {
		.bridge = "cof0", .subnet = of("10.9.0.0/16"), .subnet6 = of("fd09::/64"), .gateway = of("10.9.0.1/16")
	};
	const struct firewall_place place = { "veth1", of("10.9.0.2"), of("fd09::2"), true, true };
	const struct firewall_port rows[] = {
		{ .protocol = IPPROTO_TCP, .host_port = 8080, .container = of("10.9.0.2"), .container_port = 80 },
		{ of("127.0.0.1"), IPPROTO_UDP, 53, of("10.9.0.3"), 5353 },
		{ of("::"), IPPROTO_TCP, 8080, of("fd09::2"), 80 },
	};
	firewall_change_begin(&change, TABLE, remove);
	if (network)
		firewall_put_network(&change, &web);
	if (port)
		firewall_put_place(&change, &place);
	for (size_t i = 0; port && i < ARRAY_SIZE(rows); i++)
		firewall_put_port(&change, &rows[i]);
	return firewall_apply(&change, err);
}

static int filter_elements(void)
{
	static const char *const wanted[] = {
		"tcp . 8080 : 10.9.0.2 . 80",
		"127.0.0.1 . udp . 53 : 10.9.0.3 . 5353",
		"tcp . 8080 : fd09::2 . 80",
		"elements = { 10.9.0.0/16 }",
		"elements = { fd09::/64 }",
		"elements = { \"cof0\" }",
		"elements = { \"cof0\" . \"cof0\" }",
		"\"veth1\" . 10.9.0.2",
		"\"veth1\" . 0xfd090000000000000000000000000002",
		"elements = { \"veth1\" }",
		"10.9.0.1, 10.9.0.2",
	};
	struct error err = { 0 };
	REQUIRE(change(false, true, true, &err) == -ERR_NOT_FOUND); /* no table yet */
	REQUIRE(firewall_make_table(TABLE, &err) == 0);
	REQUIRE(change(false, true, true, &err) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		REQUIRE(table_shows(wanted[i]));
	REQUIRE(change(false, true, true, &err) == 0); /* the same once more */
	REQUIRE(change(true, false, true, &err) == 0);
	REQUIRE(!table_shows("tcp . 8080"));
	REQUIRE(change(true, true, true, &err) == 0); /* the rest of it, for the ports are gone */
	REQUIRE(!table_shows("cof0") && !table_shows("10.9.0.0/16"));
	REQUIRE(firewall_remove_table(TABLE, &err) == 0);
	REQUIRE(firewall_remove_table(TABLE, &err) == 0);
	return 0;
}

static void test_filter_elements(void **state)
{
	as_host(filter_elements);
}

/* --- links that stand on another one --- */

static void test_names_of_vlans(void **state)
{
	static const struct {
		const char *name, *parent;
		unsigned id;
	} rows[] = {
		{ "eth0.50", "eth0", 50 },
		{ "bond0.1.4094", "bond0.1", 4094 },
		{ "eth0", NULL, 0 },
		{ "eth0.", NULL, 0 },
		{ ".5", NULL, 0 },
		{ "eth0.0", NULL, 0 },
		{ "eth0.4095", NULL, 0 },
		{ "eth0.5x", NULL, 0 },
		{ "averylonginterface.5", NULL, 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char parent[IFNAMSIZ];
		unsigned id;
		assert_int_equal(vlan_parse(rows[i].name, parent, &id), rows[i].parent != NULL);
		if (rows[i].parent) {
			assert_string_equal(parent, rows[i].parent);
			assert_int_equal(id, rows[i].id);
		}
	}
}

/* The parent is the host's end of a pair; what stands on it comes into being in the container. */
static int stand_on_a_parent(void)
{
	struct error err = { 0 };
	_cleanup_netns_ struct netns beyond = NETNS_NONE;
	_cleanup_netns_ struct netns inside = NETNS_NONE;
	_cleanup_close_ int host = netlink_open(NETLINK_ROUTE, &err);
	const struct link_setup setup = { .name = "eth0", .address = of("10.9.0.2/16"), .gateway = of("10.9.0.1") };
	struct stacked stacked = { .kind = "macvlan",
				   .parent = "vethtest",
				   .inside = "eth0",
				   .mode = MACVLAN_MODE_BRIDGE,
				   .mac = { 2, 0x42, 10, 9, 0, 2 } };
	struct veth veth = VETH;
	struct link link;
	REQUIRE(netns_make(true, &beyond, &err) == 0 && netns_make(true, &inside, &err) == 0);
	veth.netns = beyond.fd;
	stacked.netns = inside.fd;
	REQUIRE(stacked_make(host, &stacked, &err) == -ERR_NOT_FOUND);
	REQUIRE(make_bridge(host, &err) == 0 && veth_make(host, &veth, &err) == 0);
	err_clear(&err);
	REQUIRE(stacked_make(host, &stacked, &err) == -ERR_BUSY); /* it is part of a bridge */
	REQUIRE(strstr(err.message, "it is used in another way"));
	err_clear(&err);
	REQUIRE(link_remove(host, "cof0", &err) == 0);
	int r = stacked_make(host, &stacked, &err);
	if (r == -ERR_UNSUPPORTED)
		return 77;
	REQUIRE(r == 0);
	REQUIRE(link_look(host, "eth0", &link, NULL) == -ERR_NOT_FOUND);
	REQUIRE(link_configure(inside.rtnl, &setup, &err) == 0);
	REQUIRE(link_look(inside.rtnl, "eth0", &link, &err) == 0 && link.is_up);
	REQUIRE(link_set_alias(host, "vethtest", "network x", &err) == 0);
	REQUIRE(link_look(host, "vethtest", &link, &err) == 0 && streq(link.alias, "network x"));
	return 0;
}

static void test_stand_on_a_parent(void **state)
{
	as_host(stand_on_a_parent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connect_container), cmocka_unit_test(test_say_what_failed),
		cmocka_unit_test(test_find_overlaps),	  cmocka_unit_test(test_filter_elements),
		cmocka_unit_test(test_names_of_vlans),	  cmocka_unit_test(test_stand_on_a_parent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
