/* SPDX-License-Identifier: Apache-2.0 */
/* Which way packets take: routes, neighbours, sizes; who waits for them at the end, and the way back. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "engine/live.h"
#include "engine/network-driver.h"
#include "engine/network-trace-walk.h"
#include "engine/record.h"

static char *inside(const char *what, const char *container)
{
	return mem_printf("%s in %s's namespace", what, container);
}

/* --- there --- */

static void add_route(struct walk *walk, const struct trace_route *route, char *source)
{
	char text[CIDR_TEXT_MAX];
	_cleanup_str_ struct str found = { 0 };
	str_append(&found, route->network.prefix ? cidr_text(&route->network, text) : "default");
	if (route->gateway.family)
		str_appendf(&found, " via %s", cidr_address_text(&route->gateway, text));
	str_appendf(&found, " dev %s", route->device);
	if (route->source.family)
		str_appendf(&found, " src %s", cidr_address_text(&route->source, text));
	walk_add(walk, "route", TRACE_OK, source, "%s", str_text(&found));
}

/* Returns 0 also where there is none, which is said then. */
static int find_route(struct walk *walk, int rtnl, const struct cidr *to, const char *where, char *source,
		      struct trace_route *ret, struct error *err)
{
	struct error why = { 0 };
	int r = trace_route(rtnl, to, ret, &why);
	if (r >= 0) {
		add_route(walk, ret, source);
		return 0;
	}
	walk_add(walk, "route", TRACE_BAD, source, "%s", why.message);
	walk_fail(walk, "%s %s", why.message, where);
	if (r != -ERR_NOT_FOUND && err)
		*err = why;
	return r == -ERR_NOT_FOUND ? 0 : r;
}

static int look_at_neighbour(struct walk *walk, struct error *err)
{
	const struct cidr *next = walk->route.gateway.family ? &walk->route.gateway : &walk->address;
	const char *state;
	char text[CIDR_TEXT_MAX];
	int r = trace_neighbour(walk->rtnl, walk->route.index, next, &state, err);
	if (r < 0)
		return r;
	bool failed = state && (streq(state, "failed") || streq(state, "incomplete"));
	walk_add(walk, "neighbour", failed ? TRACE_NOTE : TRACE_OK, inside("rtnetlink RTM_GETNEIGH", walk->from),
		 "%s dev %s is %s", cidr_address_text(next, text), walk->route.device,
		 state ? state : "not asked for yet");
	return 0;
}

int trace_way(struct walk *walk, struct error *err)
{
	_cleanup_free_ char *where = mem_printf("in %s", walk->from);
	int r = find_route(walk, walk->rtnl, &walk->address, where, inside("rtnetlink RTM_GETROUTE", walk->from),
			   &walk->route, err);
	if (r < 0 || walk_has_failed(walk) || walk->route.is_local)
		return r;
	r = look_at_neighbour(walk, err);
	return r < 0 ? r : place_find(walk->db, &walk->route.source, &walk->begin, err);
}

/* What leaves a network for the world goes by the host's own routes. */
int trace_onward(struct walk *walk, struct error *err)
{
	bool leaves = walk->begin.network && network_is_bridge(walk->begin.network) && !walk->end.network &&
		      !walk->to_host;
	return leaves ? find_route(walk, walk->host_rtnl, &walk->target, "on this host",
				   mem_strdup("rtnetlink RTM_GETROUTE on this host"), &walk->onward, err)
		      : 0;
}

/* --- how much at a time --- */

static void take_smaller(struct trace_link *least, int rtnl, const char *name)
{
	struct trace_link link;
	if (name && trace_link(rtnl, name, &link, NULL) >= 0 && link.mtu < least->mtu)
		*least = link;
}

/* Of the links that lie on the way; where a larger packet is to be cut, senders have to hear of it. */
static void look_at_mtu(struct walk *walk)
{
	struct trace_link least = { .mtu = walk->route.mtu };
	const struct place *places[] = { &walk->begin, &walk->end };
	str_copy(least.name, sizeof least.name, walk->route.device);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (!places[i]->network || !network_is_bridge(places[i]->network))
			continue;
		take_smaller(&least, walk->host_rtnl, places[i]->network->bridge);
		take_smaller(&least, walk->host_rtnl, places[i]->endpoint->link);
	}
	if (walk->onward.index)
		take_smaller(&least, walk->host_rtnl, walk->onward.device);
	walk_add(walk, "mtu", least.mtu < walk->route.mtu ? TRACE_NOTE : TRACE_OK,
		 mem_strdup("rtnetlink RTM_GETLINK, of every link on the way"), "%u at %s%s", least.mtu, least.name,
		 least.mtu < walk->route.mtu ? ", which is less than where it begins" : "");
}

/* --- who listens --- */

static int open_end(struct walk *walk)
{
	struct monitor_status status;
	if (walk->route.is_local)
		return fcntl(walk->netns, F_DUPFD_CLOEXEC, 0);
	if (walk->to_host)
		return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (!walk->end.endpoint)
		return -1;
	bool runs = status_of(walk->engine, walk->end.endpoint->container, &status, NULL) > 0 &&
		    status.state == MONITOR_STATE_RUNNING;
	return runs ? MAX(live_open_netns(&status), -1) : -1;
}

/* "in web", "on this host" */
static char *end_place(const struct walk *walk)
{
	return walk->to_host ? mem_strdup("on this host")
			     : mem_printf("in %s", walk->route.is_local ? walk->from : walk->end.name);
}

static int look_for_listener(struct walk *walk, struct error *err)
{
	enum trace_listener listener;
	struct cidr where;
	char text[CIDR_TEXT_MAX], port[WALK_PORT_MAX];
	if (walk->protocol != IPPROTO_TCP && walk->protocol != IPPROTO_UDP)
		return 0;
	int r = trace_listener(walk->end_netns, walk->protocol, &walk->target, walk->target_port, &listener, &where,
			       err);
	if (r < 0)
		return r;
	_cleanup_free_ char *place = end_place(walk);
	_cleanup_free_ char *only = listener == LISTENER_ELSEWHERE
					    ? mem_printf("something listens %s to %s, at %s only", place,
							 walk_port(walk, port), cidr_address_text(&where, text))
					    : mem_printf("nothing listens %s to %s", place, walk_port(walk, port));
	bool there = listener == LISTENER_THERE;
	walk_add(walk, "listener", there ? TRACE_OK : TRACE_BAD, mem_printf("sock_diag %s", place), "%s",
		 there ? "something listens" : only);
	if (!there)
		walk_fail(walk, "%s", only);
	return 0;
}

int trace_end(struct walk *walk, struct error *err)
{
	if (!walk->route.is_local)
		look_at_mtu(walk);
	walk->end_netns = open_end(walk);
	return walk->end_netns < 0 ? 0 : look_for_listener(walk, err);
}

/* --- and back --- */

/* What goes to the world does so in the host's name, or else the world has to know the way back. */
static void add_world(struct walk *walk)
{
	const struct network_record *network = walk->begin.network;
	char text[CIDR_TEXT_MAX];
	if (!network || !network_is_bridge(network))
		return;
	bool v6 = walk->target.family == AF_INET6;
	if (network->unmasked || (v6 ? network->gateway_mode6 : network->gateway_mode) == GATEWAY_ROUTED)
		walk_add(walk, "answer", TRACE_NOTE, mem_strdup("the options of the network"),
			 "others have to know that %s is behind this host",
			 cidr_text(v6 ? &network->subnet6 : &network->subnet, text));
	else
		walk_add(walk, "answer", TRACE_OK, mem_strdup("the packet filter's rules"),
			 "to this host, in whose name it was asked (masquerade)");
}

/* The other end sees the gateway where a port was published, for the way back must be ours. */
int trace_answer(struct walk *walk, struct error *err)
{
	struct trace_route route;
	struct error why = { 0 };
	char text[CIDR_TEXT_MAX], gateway[CIDR_TEXT_MAX];
	if (!walk->end.endpoint || walk->route.is_local || walk->end_netns < 0) {
		if (!walk->end.endpoint && !walk->to_host && !walk->route.is_local)
			add_world(walk);
		return 0;
	}
	const struct network_record *network = walk->end.network;
	bool v6 = walk->target.family == AF_INET6;
	const struct cidr *to = !walk->published ? &walk->route.source : v6 ? &network->gateway6 : &network->gateway;
	_cleanup_close_ int rtnl = trace_open(walk->end_netns, err);
	if (rtnl < 0)
		return rtnl;
	char *source = inside("rtnetlink RTM_GETROUTE", walk->end.name);
	if (trace_route(rtnl, to, &route, &why) < 0) {
		walk_add(walk, "answer", TRACE_BAD, source, "%s", why.message);
		walk_fail(walk, "%s has no way back: %s", walk->end.name, why.message);
		return 0;
	}
	walk_add(walk, "answer", TRACE_OK, source, "to %s%s%s dev %s", cidr_address_text(to, text),
		 route.gateway.family ? " via " : "",
		 route.gateway.family ? cidr_address_text(&route.gateway, gateway) : "", route.device);
	return 0;
}

/* --- trying --- */

int trace_attempt(struct walk *walk, struct error *err)
{
	char why[128], text[CIDR_TEXT_MAX];
	int sys_errno = 0;
	if (walk->protocol != IPPROTO_TCP) {
		walk_add(walk, "connect", TRACE_NOTE, mem_strdup("-"), "not tried: that is for a port of tcp");
		return 0;
	}
	int r = trace_connect(walk->netns, &walk->address, walk->port, &sys_errno, err);
	if (r < 0)
		return r;
	cidr_address_text(&walk->address, text);
	walk_add(walk, "connect", r > 0 ? TRACE_OK : TRACE_BAD, mem_printf("tried from inside of %s", walk->from),
		 "%s:%u: %s", text, walk->port, r > 0 ? "connected" : str_errno(sys_errno, why, sizeof why));
	if (r == 0)
		walk_fail(walk, "%s", why);
	walk->connected = r > 0;
	return 0;
}
