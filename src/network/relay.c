/* SPDX-License-Identifier: Apache-2.0 */
#include "network/relay.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/path.h"
#include "base/str.h"
#include "network/tool.h"

#define NETNS_FILE "relay.netns"
#define PID_FILE "relay.pid"

static const char WHAT[] = "publish ports";
static const char EVERYWHERE[] = "*";

/* --- rules --- */

char *relay_rule_text(const struct relay_rule *rule)
{
	char host[CIDR_TEXT_MAX], target[CIDR_TEXT_MAX];
	return mem_printf("%s/%s/%u/%s/%u", rule->protocol == IPPROTO_UDP ? "udp" : "tcp",
			  rule->host.family ? cidr_address_text(&rule->host, host) : EVERYWHERE, rule->host_port,
			  cidr_address_text(&rule->target, target), rule->target_port);
}

static int parse_port(const char *text, uint16_t *ret, struct error *err)
{
	uint64_t port;
	int r = parse_u64(text, UINT16_MAX, &port, err);
	if (r >= 0)
		*ret = (uint16_t)port;
	return r;
}

int relay_rule_parse(const char *text, struct relay_rule *ret, struct error *err)
{
	enum { WORDS = 5 };
	_cleanup_strv_ char **words = strv_split(text, '/');
	struct relay_rule rule = { 0 };
	if (strv_count(words) != WORDS || (!streq(words[0], "tcp") && !streq(words[0], "udp")))
		return err_set(err, ERR_INVALID, "'%s' is no rule of a relay", text);
	rule.protocol = streq(words[0], "udp") ? IPPROTO_UDP : IPPROTO_TCP;
	int r = streq(words[1], EVERYWHERE) ? 0 : cidr_parse_address(words[1], &rule.host, err);
	if (r >= 0)
		r = parse_port(words[2], &rule.host_port, err);
	if (r >= 0)
		r = cidr_parse_address(words[3], &rule.target, err);
	if (r >= 0)
		r = parse_port(words[4], &rule.target_port, err);
	if (r >= 0)
		*ret = rule;
	return r;
}

/* --- sockets --- */

socklen_t relay_socket_address(const struct cidr *address, uint16_t port, struct sockaddr_storage *ret)
{
	*ret = (struct sockaddr_storage){ .ss_family = address->family };
	if (address->family == AF_INET6) {
		struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
		v6->sin6_port = htons(port);
		memcpy(&v6->sin6_addr, address->bytes, sizeof v6->sin6_addr);
		return sizeof *v6;
	}
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	v4->sin_port = htons(port);
	memcpy(&v4->sin_addr, address->bytes, sizeof v4->sin_addr);
	return sizeof *v4;
}

/* What datagrams have been sent to, so that answers come from there. */
static void ask_for_destination(int fd, sa_family_t family)
{
	int on = 1;
	if (family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
	else
		(void)setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
}

/* @both: "::" is IPv4's, too. */
static int listen_at(const struct cidr *host, bool both, const struct relay_rule *rule, struct error *err)
{
	struct sockaddr_storage address;
	char text[CIDR_TEXT_MAX];
	int on = 1, v6_only = !both, type = rule->protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM;
	socklen_t len = relay_socket_address(host, rule->host_port, &address);
	_cleanup_close_ int fd = socket(address.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && type == SOCK_STREAM)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (fd >= 0 && type == SOCK_DGRAM)
		ask_for_destination(fd, address.ss_family);
	if (fd >= 0 && address.ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, len) < 0 ||
	    (type == SOCK_STREAM && listen(fd, SOMAXCONN) < 0))
		return err_sys(err, errno, "listen on port %u of %s", rule->host_port, cidr_address_text(host, text));
	return TAKE_FD(fd);
}

int relay_listen(const struct relay_rule *rule, struct error *err)
{
	static const struct cidr v4 = { .family = AF_INET }, v6 = { .family = AF_INET6 };
	if (rule->host.family)
		return listen_at(&rule->host, false, rule, err);
	int fd = listen_at(&v6, true, rule, NULL);
	return fd >= 0 ? fd : listen_at(&v4, false, rule, err);
}

/* --- the process --- */

int relay_start(const struct relay *relay, struct error *err)
{
	_cleanup_free_ char *netns = path_join(relay->directory, NETNS_FILE);
	_cleanup_strv_ char **argv = NULL;
	struct fd_path source = fd_path(relay->netns);
	strv_append(&argv, RELAY_PROGRAM);
	strv_take(&argv, path_join(relay->directory, PID_FILE));
	strv_append(&argv, netns);
	for (char *const *rule = relay->rules; rule && *rule; rule++)
		strv_append(&argv, *rule);
	const struct tool_start start = {
		.name = RELAY_PROGRAM,
		.program = relay->program,
		.what = WHAT,
		.argv = argv,
		.netns = -1,
		.pass_fds = relay->keep,
		.n_pass_fds = relay->keep ? 1 : 0,
		.source = source.text,
		.place = netns,
	};
	int r = tool_make_place(netns, WHAT, err);
	return r < 0 ? r : tool_start(&start, err);
}

bool relay_is_running(const char *directory)
{
	return tool_is_running(directory, PID_FILE, NETNS_FILE);
}

void relay_stop(const char *directory)
{
	tool_stop(directory, PID_FILE, NETNS_FILE);
}
