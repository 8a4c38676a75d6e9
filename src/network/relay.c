/* SPDX-License-Identifier: Apache-2.0 */
#include "network/relay.h"

#include <netinet/in.h>
#include <stdlib.h>
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

/* --- rules --- */

char *relay_rule_text(const struct relay_rule *rule)
{
	char host[CIDR_TEXT_MAX], target[CIDR_TEXT_MAX];
	return mem_printf("%s/%s/%u/%s/%u", rule->protocol == IPPROTO_UDP ? "udp" : "tcp",
			  cidr_address_text(&rule->host, host), rule->host_port,
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
	int r = cidr_parse_address(words[1], &rule.host, err);
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
