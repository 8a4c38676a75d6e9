/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/netlink.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "engine/host-setting.h"
#include "engine/live.h"
#include "engine/network-counters.h"
#include "engine/network-driver.h"
#include "engine/network-foreign.h"
#include "engine/network-own.h"
#include "engine/network-trace-walk.h"
#include "engine/record.h"
#include "network/dns-query.h"
#include "network/files.h"
#include "network/firewall-look.h"
#include "network/netns-work.h"

enum {
	DISCARD_PORT = 9, /* where nobody answers, and nobody minds (RFC 863) */
	PATIENCE_MS = 3000,
	PAUSE_MS = 20,
	PERCENT = 100,
};

/* A way, of which there is only the beginning; and all of the container's places. */
struct checkup {
	struct walk walk;
	const struct container_row *row;
	struct endpoint_list endpoints;
};

static char *inside(const struct checkup *checkup, const char *what)
{
	return mem_printf("%s in %s's namespace", what, checkup->row->name);
}

/* The first reason stays. */
static void fail(struct walk *walk, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void fail(struct walk *walk, const char *fmt, ...)
{
	struct str reason = { 0 };
	va_list args;
	if (walk_has_failed(walk))
		return;
	str_append(&reason, "not sound: ");
	va_start(args, fmt);
	str_vappendf(&reason, fmt, args);
	va_end(args);
	walk->trace->conclusion = str_take(&reason);
}

/* --- addresses --- */

static bool has_address(struct checkup *checkup, const struct cidr *address)
{
	struct trace_route route;
	return !address->family || (trace_route(checkup->walk.rtnl, address, &route, NULL) >= 0 && route.is_local);
}

static void check_address(struct checkup *checkup, const struct endpoint *endpoint)
{
	struct walk *walk = &checkup->walk;
	struct trace_link link;
	const struct cidr *addresses[] = { &endpoint->address, &endpoint->address6 };
	char *source = inside(checkup, "rtnetlink");
	char text[CIDR_TEXT_MAX];
	bool there = trace_link(walk->rtnl, endpoint->interface, &link, NULL) >= 0;
	if (!there || !link.is_up) {
		walk_add(walk, "address", TRACE_BAD, source, "%s is %s", endpoint->interface,
			 there ? "down" : "not there");
		fail(walk, "its interface %s is %s", endpoint->interface, there ? "down" : "not there");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		if (has_address(checkup, addresses[i]))
			continue;
		walk_add(walk, "address", TRACE_BAD, source, "%s has not its address %s", endpoint->interface,
			 cidr_text(addresses[i], text));
		fail(walk, "it has lost its address %s", text);
		return;
	}
	walk_add(walk, "address", TRACE_OK, source, "%s is up with %s, mtu %u", endpoint->interface,
		 cidr_text(endpoint->address.family ? &endpoint->address : &endpoint->address6, text), link.mtu);
}

static void check_addresses(struct checkup *checkup)
{
	for (size_t i = 0; i < checkup->endpoints.count; i++)
		check_address(checkup, &checkup->endpoints.items[i]);
	if (checkup->endpoints.count == 0)
		walk_add(&checkup->walk, "address", TRACE_NOTE, mem_strdup("the engine's database"),
			 "it is on no network that coffer gives addresses of");
}

/* --- the way out --- */

/* No network leads out: that is how some are meant. */
static bool is_internal(struct checkup *checkup)
{
	bool internal = true;
	for (size_t i = 0; i < checkup->endpoints.count; i++) {
		_cleanup_network_ struct network_record *record = NULL;
		if (network_row_load(checkup->walk.db, checkup->endpoints.items[i].network, &record, NULL) > 0)
			internal &= record->internal;
	}
	return internal;
}

/* To addresses that are nobody's (RFC 5737, RFC 3849): by the way that leads everywhere. */
static void check_route(struct checkup *checkup)
{
	struct walk *walk = &checkup->walk;
	struct cidr world;
	char text[CIDR_TEXT_MAX];
	char *source = inside(checkup, "rtnetlink RTM_GETROUTE");
	bool found = cidr_parse_address("192.0.2.1", &world, NULL) >= 0 &&
		     trace_route(walk->rtnl, &world, &walk->route, NULL) >= 0;
	if (!found)
		found = cidr_parse_address("2001:db8:ffff::1", &world, NULL) >= 0 &&
			trace_route(walk->rtnl, &world, &walk->route, NULL) >= 0;
	if (found) {
		walk_add(walk, "route", TRACE_OK, source, "default%s%s dev %s",
			 walk->route.gateway.family ? " via " : "",
			 walk->route.gateway.family ? cidr_address_text(&walk->route.gateway, text) : "",
			 walk->route.device);
	} else if (is_internal(checkup)) {
		walk_add(walk, "route", TRACE_NOTE, source, "none leads out, for no network of it does");
	} else {
		walk_add(walk, "route", TRACE_BAD, source, "none leads out");
		fail(walk, "it has no route that leads out");
	}
}

/* The answer does not matter: to send it, the gateway's hardware address has to be known. */
static int send_datagram(void *argument, struct error *err)
{
	const struct cidr *gateway = argument;
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(DISCARD_PORT) };
	_cleanup_close_ int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	memcpy(&v4.sin_addr, gateway->bytes, sizeof v4.sin_addr);
	if (sock < 0 || sendto(sock, "", 1, MSG_DONTWAIT, (const struct sockaddr *)&v4, sizeof v4) < 0)
		return err_sys(err, errno, "send a datagram to the gateway");
	return 0;
}

static bool is_settled(const char *state)
{
	return state && !streq(state, "incomplete");
}

/* What was known before is asked for again only when it is used for some seconds. */
static bool is_of_before(const char *state)
{
	return streq(state, "stale") || streq(state, "delay") || streq(state, "probe");
}

/* *ret is the last state that was seen, or NULL. */
static int await_neighbour(struct walk *walk, const struct cidr *gateway, const char **ret, struct error *err)
{
	static const struct timespec moment = { .tv_nsec = PAUSE_MS * NSEC_PER_MSEC };
	int r = trace_neighbour(walk->rtnl, walk->route.index, gateway, ret, err);
	for (int i = 0; r >= 0 && !is_settled(*ret) && i < PATIENCE_MS / PAUSE_MS; i++) {
		(void)nanosleep(&moment, NULL);
		r = trace_neighbour(walk->rtnl, walk->route.index, gateway, ret, err);
	}
	return r;
}

static int check_gateway(struct checkup *checkup, struct error *err)
{
	struct walk *walk = &checkup->walk;
	struct cidr gateway = walk->route.gateway;
	const char *state = NULL;
	char text[CIDR_TEXT_MAX];
	struct error why = { 0 };
	if (gateway.family != AF_INET)
		return 0;
	if (netns_work(walk->netns, send_datagram, &gateway, &why) < 0) {
		walk_add(walk, "gateway", TRACE_BAD, inside(checkup, "a datagram"), "%s", why.message);
		fail(walk, "its gateway cannot be asked: %s", why.message);
		return 0;
	}
	int r = await_neighbour(walk, &gateway, &state, err);
	if (r < 0)
		return r;
	bool answers = is_settled(state) && !streq(state, "failed");
	cidr_address_text(&gateway, text);
	walk_add(walk, "gateway", answers ? TRACE_OK : TRACE_BAD, inside(checkup, "a datagram, and RTM_GETNEIGH"),
		 "%s %s (%s)", text,
		 !answers	       ? "does not answer"
		 : is_of_before(state) ? "has answered before"
				       : "answers",
		 state ? state : "not asked for");
	if (!answers)
		fail(walk, "its gateway %s does not answer", text);
	return 0;
}

/* --- names --- */

static void check_name_server(struct checkup *checkup, const struct cidr *server, size_t *answering)
{
	struct walk *walk = &checkup->walk;
	struct dns_answer answer = { 0 };
	struct error why = { 0 };
	char text[CIDR_TEXT_MAX];
	int64_t begin = time_monotonic_ns();
	int r = dns_ask(walk->netns, server, checkup->row->name, &answer, &why);
	int64_t ms = (time_monotonic_ns() - begin) / NSEC_PER_MSEC;
	char *source = mem_printf("asked %s from inside of %s", cidr_address_text(server, text), checkup->row->name);
	if (r < 0)
		walk_add(walk, "name", TRACE_NOTE, source, "%s", why.message);
	else
		walk_add(walk, "name", TRACE_OK, source, "it has answered after %" PRId64 " ms", ms);
	*answering += r >= 0;
}

static void check_names(struct checkup *checkup)
{
	struct walk *walk = &checkup->walk;
	_cleanup_free_ char *text = NULL;
	size_t servers = 0, answering = 0;
	if (file_read(walk->dir, "resolv.conf", NETWORK_FILE_MAX, &text, NULL, NULL) < 0)
		return; /* another container's, or the image's own */
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	for (char **line = lines; line && *line; line++) {
		struct cidr server;
		const char *address = str_after(*line, "nameserver ");
		if (!address || cidr_parse_address(address, &server, NULL) < 0)
			continue;
		servers++;
		check_name_server(checkup, &server, &answering);
	}
	if (servers == 0)
		walk_add(walk, "name", TRACE_NOTE, mem_printf("/etc/resolv.conf in %s", checkup->row->name),
			 "no name server");
	else if (answering == 0)
		fail(walk, "no name server answers it");
}

/* --- sizes --- */

static void take_smaller(struct trace_link *least, int rtnl, const char *name)
{
	struct trace_link link;
	if (trace_link(rtnl, name, &link, NULL) >= 0 && link.mtu < least->mtu)
		*least = link;
}

/* From where the way out begins to the host's link that leads on. */
static int check_mtu(struct checkup *checkup, struct error *err)
{
	struct walk *walk = &checkup->walk;
	struct trace_link least = { .mtu = walk->route.mtu };
	struct trace_route onward;
	struct cidr world;
	str_copy(least.name, sizeof least.name, walk->route.device);
	int r = place_find(walk->db, &walk->route.source, &walk->begin, err);
	if (r <= 0 || !network_is_bridge(walk->begin.network))
		return MIN(r, 0);
	take_smaller(&least, walk->host_rtnl, walk->begin.endpoint->link);
	take_smaller(&least, walk->host_rtnl, walk->begin.network->bridge);
	if (cidr_parse_address("192.0.2.1", &world, NULL) >= 0 &&
	    trace_route(walk->host_rtnl, &world, &onward, NULL) >= 0)
		take_smaller(&least, walk->host_rtnl, onward.device);
	bool less = least.mtu < walk->route.mtu;
	walk_add(walk, "mtu", less ? TRACE_NOTE : TRACE_OK,
		 mem_strdup("rtnetlink RTM_GETLINK, of every link on the way out"), "%u at %s%s", least.mtu, least.name,
		 less ? ", which is less than in the container" : "");
	return 0;
}

/* --- who listens --- */

static int check_published(struct checkup *checkup, struct error *err)
{
	struct walk *walk = &checkup->walk;
	_cleanup_published_list_ struct published_list ports = { 0 };
	int r = published_row_list(walk->db, checkup->row->id, &ports, err);
	for (size_t i = 0; r >= 0 && i < ports.count; i++) {
		const struct port *port = &ports.items[i].port;
		const char *protocol = port_protocol_name(port->protocol);
		enum trace_listener listener = LISTENER_THERE;
		struct cidr where;
		char text[CIDR_TEXT_MAX];
		if (port->protocol == IPPROTO_SCTP)
			continue;
		r = trace_listener(walk->netns, port->protocol, &ports.items[i].address, port->container_port,
				   &listener, &where, err);
		bool there = listener == LISTENER_THERE;
		cidr_address_text(&ports.items[i].address, text);
		walk_add(walk, "published", there ? TRACE_OK : TRACE_NOTE, inside(checkup, "sock_diag"),
			 "%s to %s port %u/%s", there ? "something listens" : "nothing listens", text,
			 port->container_port, protocol);
	}
	return r;
}

/* --- losses --- */

static uint64_t value_of(const struct network_counters *counters, const char *where, const char *name)
{
	for (size_t i = 0; i < counters->count; i++)
		if (streq(counters->list[i].where, where) && streq(counters->list[i].name, name))
			return counters->list[i].value;
	return 0;
}

/* A few segments are sent again on every network. */
static bool is_usual(const struct network_counters *counters, const struct network_counter *counter)
{
	return streq(counter->where, "tcp") && streq(counter->name, "segments sent again") &&
	       counter->value <= value_of(counters, "tcp", "sent segments") / PERCENT;
}

static int check_losses(struct checkup *checkup, struct error *err)
{
	struct walk *walk = &checkup->walk;
	_cleanup_network_counters_ struct network_counters counters = { 0 };
	size_t noted = 0;
	int r = engine_network_counters(walk->engine, checkup->row->id, &counters, err);
	for (size_t i = 0; i < counters.count; i++) {
		const struct network_counter *counter = &counters.list[i];
		if (!network_counter_is_noted(counter) || is_usual(&counters, counter))
			continue;
		noted++;
		if (counter->limit)
			walk_add(walk, "loss", TRACE_NOTE, mem_strdup(counter->source),
				 "%s: %" PRIu64 " of %" PRIu64 " %s", counter->where, counter->value, counter->limit,
				 counter->name);
		else
			walk_add(walk, "loss", TRACE_NOTE, mem_strdup(counter->source), "%s: %" PRIu64 " %s",
				 counter->where, counter->value, counter->name);
	}
	if (r >= 0 && noted == 0)
		walk_add(walk, "loss", TRACE_OK, mem_strdup("the counters of `coffer network stats`"),
			 "nothing was lost");
	return r;
}

/* Set by us, it stays so when the last container is gone: others may have come to rely on it. */
static void check_forwarding(struct checkup *checkup)
{
	static const char path[] = "/proc/sys/net/ipv4/ip_forward";
	struct walk *walk = &checkup->walk;
	_cleanup_strv_ char **settings = host_settings(walk->engine);
	char line[8];
	if (is_internal(checkup) || file_read_line(AT_FDCWD, path, line, sizeof line) <= 0)
		return;
	bool on = *line != '0', ours = false;
	for (char **setting = settings; setting && *setting; setting++)
		ours |= str_starts_with(*setting, "net.ipv4.ip_forward = 1");
	walk_add(walk, "forwarding", on ? TRACE_OK : TRACE_BAD, mem_strdup(path), "this host sends %s on%s",
		 on ? "packets" : "nothing", on && ours ? "; coffer has set it to" : "");
	if (!on)
		fail(walk, "this host sends nothing on: %s is 0", path);
}

static int check_filter(struct checkup *checkup, struct error *err)
{
	_cleanup_firewall_drop_ struct firewall_drop drop = { 0 };
	const struct network_record *network = checkup->walk.begin.network;
	int r = firewall_find_drop(FIREWALL_FORWARD, network ? network->bridge : NULL, &drop, err);
	if (r > 0)
		foreign_note(&checkup->walk, &drop);
	return MIN(r, 0);
}

/* --- all of it --- */

static int go(void *argument, struct error *err)
{
	struct checkup *checkup = argument;
	struct walk *walk = &checkup->walk;
	int r = walk->host_rtnl = netlink_open(NETLINK_ROUTE, err);
	if (r < 0)
		return r;
	check_addresses(checkup);
	check_route(checkup);
	r = check_gateway(checkup, err);
	check_names(checkup);
	if (r >= 0 && walk->route.index)
		r = check_mtu(checkup, err);
	if (r >= 0)
		r = check_published(checkup, err);
	if (r < 0 || checkup->endpoints.count == 0)
		return r;
	check_forwarding(checkup);
	return check_filter(checkup, err);
}

static int open_walk(struct checkup *checkup, const struct live *live, struct error *err)
{
	struct walk *walk = &checkup->walk;
	walk->dir = live->dir;
	walk->netns = live_open_netns(&live->status);
	if (walk->netns < 0)
		return err_sys(err, -walk->netns, "open the network namespace of container \"%s\"", checkup->row->name);
	walk->rtnl = trace_open(walk->netns, err);
	return walk->rtnl < 0 ? walk->rtnl
			      : endpoint_row_list(walk->db, checkup->row->id, NULL, &checkup->endpoints, err);
}

static int run(struct checkup *checkup, struct error *err)
{
	int r = checkup->endpoints.count == 0 ? go(checkup, err)
					      : network_own_work(checkup->walk.engine, false, go, checkup, err);
	return r < 0 ? r : check_losses(checkup, err);
}

/* What stands in its way there is said, if there is nothing nearer. */
static int append_trace(struct engine *engine, const char *from, const char *to, struct network_trace *trace,
			struct error *err)
{
	struct network_trace way = { 0 };
	int r = engine_network_trace(engine, from, to, true, &way, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < way.n_steps; i++)
		*ARRAY_APPEND(trace->steps, trace->n_steps) = way.steps[i];
	free(way.steps);
	if (trace->conclusion)
		free(way.conclusion);
	else
		trace->conclusion = way.conclusion;
	trace->reachable &= way.reachable;
	return 0;
}

static void checkup_done(struct checkup *checkup)
{
	fd_close(checkup->walk.netns);
	fd_close(checkup->walk.rtnl);
	fd_close(checkup->walk.host_rtnl);
	place_done(&checkup->walk.begin);
	endpoint_list_done(&checkup->endpoints);
}
#define _cleanup_checkup_ _cleanup_(checkup_done)

int engine_network_check(struct engine *engine, const char *name, const char *target, struct network_trace *ret,
			 struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_live_ struct live live = LIVE_NONE;
	_cleanup_network_trace_ struct network_trace trace = { 0 };
	_cleanup_checkup_ struct checkup checkup = {
		.walk = { .engine = engine, .trace = &trace, .netns = -1, .rtnl = -1, .host_rtnl = -1, .end_netns = -1 },
		.row = &row,
	};
	int r = engine_db(engine, &checkup.walk.db, err);
	if (r >= 0)
		r = container_load_row(engine, name, &row, err);
	if (r >= 0)
		r = live_need(engine, &row, "check the network of", &live, err);
	if (r >= 0)
		r = open_walk(&checkup, &live, err);
	if (r >= 0)
		r = run(&checkup, err);
	trace.reachable = !trace.conclusion;
	if (r >= 0 && target)
		r = append_trace(engine, name, target, &trace, err);
	if (r < 0)
		return r;
	if (!trace.conclusion)
		trace.conclusion = mem_strdup("sound: nothing keeps it from its network");
	*ret = trace;
	trace = (struct network_trace){ 0 };
	return 0;
}

/* --- whom there is to look at --- */

static bool has_own(const struct container_spec *spec)
{
	return spec->network == NETWORK_BRIDGE || spec->network == NETWORK_CNI || spec->network == NETWORK_PATH;
}

int engine_network_running(struct engine *engine, char ***ret, struct error *err)
{
	_cleanup_strv_ char **ids = NULL, **names = NULL;
	struct db *db;
	int r = engine_db(engine, &db, err);
	if (r >= 0)
		r = container_row_running(db, engine->runroot, &ids, err);
	for (char **id = ids; r >= 0 && id && *id; id++) {
		_cleanup_container_row_ struct container_row row = { 0 };
		r = container_row_load(db, *id, &row, err);
		if (r > 0 && has_own(config_spec(&row.config)))
			strv_append(&names, row.name);
	}
	if (r >= 0)
		*ret = TAKE_PTR(names);
	return r < 0 ? r : 0;
}
