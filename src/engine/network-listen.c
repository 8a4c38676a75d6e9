/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/network-row.h"
#include "engine/network-user.h"
#include "network/relay.h"

static char *directory_of(const struct engine *engine, const char *id)
{
	return mem_printf("%s/containers/%s", engine->runroot, id);
}

/* --- where we listen --- */

static bool is_same_port(const struct relay_rule *a, const struct relay_rule *b)
{
	return a->protocol == b->protocol && a->host_port == b->host_port && cidr_same_address(&a->host, &b->host);
}

/* One listener for each address and port; it leads to a container's IPv6 address, if it has one. */
static void add_rule(struct relay_rule **rules, size_t *count, const struct published *published)
{
	const struct port *port = &published->port;
	const struct relay_rule rule = {
		.protocol = port->protocol,
		.host = port->host,
		.host_port = port->host_port,
		.target = published->address,
		.target_port = port->container_port,
	};
	if (published_is_opening(published) || (port->protocol != IPPROTO_TCP && port->protocol != IPPROTO_UDP))
		return;
	for (size_t i = 0; i < *count; i++) {
		struct relay_rule *other = &(*rules)[i];
		if (!is_same_port(other, &rule))
			continue;
		if (rule.target.family == AF_INET6)
			*other = rule;
		return;
	}
	*ARRAY_APPEND(*rules, *count) = rule;
}

static char **make_rules(const struct published_list *ports)
{
	_cleanup_free_ struct relay_rule *rules = NULL;
	size_t count = 0;
	char **texts = NULL;
	for (size_t i = 0; i < ports->count; i++)
		add_rule(&rules, &count, &ports->items[i]);
	for (size_t i = 0; i < count; i++)
		strv_take(&texts, relay_rule_text(&rules[i]));
	return texts;
}

/* Those of the container @id. Returns 0 if it has none. */
static int find_rules(struct engine *engine, const char *id, char ***ret, struct error *err)
{
	_cleanup_published_list_ struct published_list ports = { 0 };
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = published_row_list(db, id, &ports, err);
	if (r < 0 || ports.count == 0 || network_is_of_user())
		return MIN(r, 0);
	_cleanup_strv_ char **rules = make_rules(&ports);
	if (!rules)
		return 0;
	*ret = TAKE_PTR(rules);
	return 1;
}

static void say_what_fails(const struct error *why)
{
	log_failure(LOG_LEVEL_WARN, "published ports are the packet filter's alone", why);
}

/* --- the process --- */

/* It connects from where it listens: the container's address is reached from this host. */
static int start(const char *directory, char *const *rules, struct error *err)
{
	_cleanup_free_ char *program = process_helper_path(MONITOR_PROGRAM);
	_cleanup_close_ int netns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	const struct relay relay = { .directory = directory, .program = program, .netns = netns, .rules = rules };
	return netns < 0 ? err_sys(err, errno, "open our network namespace") : relay_start(&relay, err);
}

void network_listen_open(struct engine *engine, const char *id)
{
	_cleanup_free_ char *directory = directory_of(engine, id);
	_cleanup_strv_ char **rules = NULL;
	struct error why = { 0 };
	if (network_is_of_user()) /* whose relay in that directory is another one */
		return;
	relay_stop(directory);
	int r = find_rules(engine, id, &rules, &why);
	if (r > 0)
		r = start(directory, rules, &why);
	if (r < 0)
		say_what_fails(&why);
}

/* One that is ending has no sockets any more. */
static void close_monitors(struct engine *engine, const char *id)
{
	enum { PATIENCE_MS = 10 * 1000 };
	_cleanup_close_ int connection = monitor_tell(engine, id, PACKET_DEAF, NULL, 0, NULL);
	struct pollfd end = { .fd = connection, .events = POLLRDHUP };
	if (connection >= 0)
		(void)RETRY_ON_EINTR(poll(&end, 1, PATIENCE_MS));
}

void network_listen_close(struct engine *engine, const char *id, bool runs)
{
	_cleanup_free_ char *directory = directory_of(engine, id);
	relay_stop(directory);
	if (runs)
		close_monitors(engine, id);
}

/* --- the sockets --- */

/* A host without IPv6 lacks nothing. */
static void say_if_narrowed(int sock, const struct relay_rule *rule)
{
	int family = AF_INET6;
	socklen_t len = sizeof family;
	_cleanup_close_ int v6 = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	(void)getsockopt(sock, SOL_SOCKET, SO_DOMAIN, &family, &len);
	if (family == AF_INET && v6 >= 0)
		log_warn("port %u/%s is not published at IPv6 addresses: somebody else has it at one of them",
			 rule->host_port, port_protocol_name(rule->protocol));
}

static int listen_on(const char *text, struct error *err)
{
	struct relay_rule rule;
	int r = relay_rule_parse(text, &rule, err);
	int sock = r < 0 ? r : relay_listen(&rule, err);
	if (sock >= 0 && !rule.host.family)
		say_if_narrowed(sock, &rule);
	return sock;
}

/* All or none. */
static int listen_all(char *const *rules, int sockets[MONITOR_RELAY_MAX], struct error *err)
{
	int r = 0, count = 0;
	for (; r >= 0 && rules[count]; count += r >= 0)
		r = sockets[count] = listen_on(rules[count], err);
	while (r < 0 && count > 0)
		fd_close(sockets[--count]);
	return r;
}

void network_listen_start(struct engine *engine, const char *id, char ***ret_rules, int ret_sockets[MONITOR_RELAY_MAX])
{
	_cleanup_free_ char *directory = directory_of(engine, id);
	_cleanup_strv_ char **rules = NULL;
	struct error why = { 0 };
	int r = find_rules(engine, id, &rules, &why);
	if (r > 0 && strv_count(rules) > MONITOR_RELAY_MAX)
		r = start(directory, rules, &why);
	else if (r > 0 && (r = listen_all(rules, ret_sockets, &why)) >= 0)
		*ret_rules = TAKE_PTR(rules);
	if (r < 0)
		say_what_fails(&why);
}

/* Whoever listens there keeps us from it. */
static bool is_free(const char *text)
{
	struct relay_rule rule;
	_cleanup_close_ int sock = relay_rule_parse(text, &rule, NULL) < 0 ? -1 : relay_listen(&rule, NULL);
	return sock >= 0;
}

void network_listen_mend(struct engine *engine, const char *id)
{
	_cleanup_strv_ char **rules = NULL;
	bool lost = false;
	if (find_rules(engine, id, &rules, NULL) <= 0)
		return;
	for (char **rule = rules; *rule; rule++)
		lost |= is_free(*rule);
	if (lost)
		network_listen_open(engine, id);
}
