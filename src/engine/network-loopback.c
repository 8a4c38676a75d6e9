/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-loopback.h"

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

/* --- what is to be relayed --- */

static bool is_v6(const struct cidr *address, const struct in6_addr *other)
{
	return address->family == AF_INET6 && memcmp(address->bytes, other, sizeof *other) == 0;
}

/* Whether @published is reached at an address that is ours to listen at; and at which. */
static bool needs_relay(const struct published *published, struct cidr *ret_host)
{
	const struct port *port = &published->port;
	bool any = !port->host.family || is_v6(&port->host, &in6addr_any);
	bool translated = port->host.family == AF_INET6 && published->address.family == AF_INET;
	*ret_host = port->host;
	if (port->protocol != IPPROTO_TCP && port->protocol != IPPROTO_UDP)
		return false;
	if (any && !translated) {
		*ret_host = (struct cidr){ .family = AF_INET6 };
		memcpy(ret_host->bytes, &in6addr_loopback, sizeof in6addr_loopback);
	}
	return any || translated || is_v6(&port->host, &in6addr_loopback);
}

static bool is_same_port(const struct relay_rule *a, const struct relay_rule *b)
{
	return a->protocol == b->protocol && a->host_port == b->host_port &&
	       (cidr_same_address(&a->host, &b->host) || is_v6(&a->host, &in6addr_any) ||
		is_v6(&b->host, &in6addr_any));
}

/* One listener for each port: at each address, if that is asked for; and to a container's IPv6 address, if it has one. */
static void add_rule(struct relay_rule **rules, size_t *count, const struct published *published)
{
	struct relay_rule rule = {
		.protocol = published->port.protocol,
		.host_port = published->port.host_port,
		.target = published->address,
		.target_port = published->port.container_port,
	};
	if (!needs_relay(published, &rule.host))
		return;
	for (size_t i = 0; i < *count; i++) {
		struct relay_rule *other = &(*rules)[i];
		if (!is_same_port(other, &rule))
			continue;
		if (rule.target.family == AF_INET6 || is_v6(&rule.host, &in6addr_any))
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

/* Whether the loopback interface has ::1 at all. */
static bool host_has_loopback6(void)
{
	const struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	_cleanup_close_ int sock = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return sock >= 0 && bind(sock, (const struct sockaddr *)&address, sizeof address) == 0;
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
	if (!rules || !host_has_loopback6())
		return 0;
	*ret = TAKE_PTR(rules);
	return 1;
}

static void say_what_fails(const struct error *why)
{
	log_failure(LOG_LEVEL_WARN, "ports are not published at ::1", why);
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

void network_loopback_open(struct engine *engine, const char *id)
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

void network_loopback_close(struct engine *engine, const char *id, bool runs)
{
	_cleanup_free_ char *directory = directory_of(engine, id);
	relay_stop(directory);
	if (runs)
		close_monitors(engine, id);
}

/* --- the sockets --- */

static int listen_on(const char *text, struct error *err)
{
	struct relay_rule rule;
	int r = relay_rule_parse(text, &rule, err);
	return r < 0 ? r : relay_listen(&rule, err);
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

void network_loopback_listen(struct engine *engine, const char *id, char ***ret_rules,
			     int ret_sockets[MONITOR_RELAY_MAX])
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
static bool is_free(const char *rule)
{
	_cleanup_close_ int sock = listen_on(rule, NULL);
	return sock >= 0;
}

void network_loopback_mend(struct engine *engine, const char *id)
{
	_cleanup_strv_ char **rules = NULL;
	bool lost = false;
	if (find_rules(engine, id, &rules, NULL) <= 0)
		return;
	for (char **rule = rules; *rule; rule++)
		lost |= is_free(*rule);
	if (lost)
		network_loopback_open(engine, id);
}
