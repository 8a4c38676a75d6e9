/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-trace.h"

#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/netlink.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "engine/live.h"
#include "engine/network-own.h"
#include "engine/network-trace-walk.h"
#include "engine/record.h"

void network_trace_done(struct network_trace *trace)
{
	for (size_t i = 0; i < trace->n_steps; i++) {
		free(trace->steps[i].found);
		free(trace->steps[i].source);
	}
	free(trace->steps);
	free(trace->conclusion);
}

void place_done(struct place *place)
{
	network_record_free(place->network);
	endpoint_list_done(&place->list);
	free(place->name);
}

static void walk_done(struct walk *walk)
{
	fd_close(walk->netns);
	fd_close(walk->rtnl);
	fd_close(walk->host_rtnl);
	fd_close(walk->end_netns);
	free(walk->host);
	free(walk->filter);
	place_done(&walk->begin);
	place_done(&walk->end);
}
#define _cleanup_walk_ _cleanup_(walk_done)

void walk_add(struct walk *walk, const char *stage, enum trace_result result, char *source, const char *fmt, ...)
{
	struct str found = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vappendf(&found, fmt, args);
	va_end(args);
	*ARRAY_APPEND(walk->trace->steps, walk->trace->n_steps) = (struct trace_step){
		.stage = stage,
		.result = result,
		.found = str_take(&found),
		.source = source,
	};
}

void walk_fail(struct walk *walk, const char *fmt, ...)
{
	struct str reason = { 0 };
	va_list args;
	if (walk_has_failed(walk))
		return;
	str_append(&reason, "not reachable: ");
	va_start(args, fmt);
	str_vappendf(&reason, fmt, args);
	va_end(args);
	walk->trace->conclusion = str_take(&reason);
}

static const char *protocol_name(uint8_t protocol)
{
	return protocol == IPPROTO_UDP ? "udp" : protocol == IPPROTO_SCTP ? "sctp" : "tcp";
}

const char *walk_port(const struct walk *walk, char buf[static WALK_PORT_MAX])
{
	if (walk->protocol)
		snprintf(buf, WALK_PORT_MAX, "%s/%u", protocol_name(walk->protocol), walk->target_port);
	else
		str_copy(buf, WALK_PORT_MAX, "it");
	return buf;
}

/* --- what was asked for --- */

static int parse_protocol(const char *word, uint8_t *ret)
{
	static const uint8_t known[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!streq(word, protocol_name(known[i])))
			continue;
		*ret = known[i];
		return 0;
	}
	return -ERR_INVALID;
}

/* "PORT" or "PORT/PROTOCOL". */
static int parse_port(struct walk *walk, const char *text)
{
	const char *slash = strchr(text, '/');
	_cleanup_free_ char *number = slash ? mem_strndup(text, (size_t)(slash - text)) : mem_strdup(text);
	uint64_t port;
	if (parse_u64(number, UINT16_MAX, &port, NULL) < 0 || port == 0)
		return -ERR_INVALID;
	walk->port = walk->target_port = (uint16_t)port;
	return parse_protocol(slash ? slash + 1 : "tcp", &walk->protocol);
}

/* HOST[:PORT[/PROTOCOL]], [V6][:PORT...]; with several colons and no bracket it is all an address. */
static int parse_target(struct walk *walk, const char *text, struct error *err)
{
	bool bracket = *text == '[';
	const char *begin = text + bracket, *end = bracket ? strchr(text, ']') : strchr(text, ':');
	const char *port = end && bracket ? end + 1 : end;
	if (!bracket && end && strchr(end + 1, ':'))
		end = port = NULL;
	walk->host = end ? mem_strndup(begin, (size_t)(end - begin)) : mem_strdup(begin);
	bool sound = *walk->host && (!bracket || end) && (!port || !*port || *port == ':');
	if (sound && port && *port)
		sound = parse_port(walk, port + 1) >= 0;
	return sound ? 0
		     : err_set(err, ERR_INVALID, "invalid target \"%s\": it is HOST[:PORT[/PROTOCOL]], such as db:5432",
			       text);
}

/* --- the walk --- */

/* Some of them end it, for there is nothing to be said of the rest. */
static int go(struct walk *walk, bool connect, struct error *err)
{
	int r = trace_target(walk, err);
	if (r >= 0 && !walk_has_failed(walk))
		r = trace_way(walk, err);
	if (r >= 0 && !walk_has_failed(walk))
		r = trace_publication(walk, err);
	if (r < 0 || walk->address.family == 0 || (walk_has_failed(walk) && !walk->route.index))
		return r;
	r = trace_policies(walk, err);
	if (r >= 0)
		r = trace_filter(walk, err);
	if (r >= 0)
		r = trace_onward(walk, err);
	if (r >= 0)
		r = trace_end(walk, err);
	if (r >= 0)
		r = trace_answer(walk, err);
	return r >= 0 && connect ? trace_attempt(walk, err) : r;
}

/* What has been tried is known better than what was read. */
static void conclude(struct walk *walk)
{
	char port[WALK_PORT_MAX];
	struct network_trace *trace = walk->trace;
	trace->reachable = walk->connected || !trace->conclusion;
	if (!trace->reachable)
		return;
	walk->target_port = walk->port;
	struct str text = { 0 };
	str_append(&text, "reachable: ");
	if (walk->protocol)
		str_appendf(&text, "%s at ", walk_port(walk, port));
	str_append(&text, walk->host);
	if (walk->by_address)
		str_append(&text, ", but by its address only");
	if (walk->filter && !walk->connected)
		str_appendf(&text, ", unless the chain %s drops it", walk->filter);
	free(trace->conclusion);
	trace->conclusion = str_take(&text);
}

static int open_namespaces(struct walk *walk, const struct live *live, struct error *err)
{
	walk->dir = live->dir;
	walk->netns = live_open_netns(&live->status);
	if (walk->netns < 0)
		return err_sys(err, -walk->netns, "open the network namespace of container \"%s\"", walk->from);
	walk->rtnl = trace_open(walk->netns, err);
	return walk->rtnl < 0 ? walk->rtnl : 0;
}

struct outing {
	struct walk *walk;
	bool connect;
};

static int go_from_here(void *argument, struct error *err)
{
	const struct outing *outing = argument;
	int r = outing->walk->host_rtnl = netlink_open(NETLINK_ROUTE, err);
	return r < 0 ? r : go(outing->walk, outing->connect, err);
}

/* What is called this host is where the container's bridges are, if it is on any. */
static int go_from_bridges(struct walk *walk, const char *id, bool connect, struct error *err)
{
	_cleanup_endpoint_list_ struct endpoint_list list = { 0 };
	struct outing outing = { walk, connect };
	int r = endpoint_row_list(walk->db, id, NULL, &list, err);
	if (r < 0)
		return r;
	return list.count == 0 ? go_from_here(&outing, err)
			       : network_own_work(walk->engine, false, go_from_here, &outing, err);
}

int engine_network_trace(struct engine *engine, const char *from, const char *to, bool connect,
			 struct network_trace *ret, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_live_ struct live live = LIVE_NONE;
	struct network_trace trace = { 0 };
	_cleanup_walk_ struct walk walk = {
		.engine = engine, .trace = &trace, .netns = -1, .rtnl = -1, .host_rtnl = -1, .end_netns = -1
	};
	int r = parse_target(&walk, to, err);
	if (r >= 0)
		r = engine_db(engine, &walk.db, err);
	if (r >= 0)
		r = container_load_row(engine, from, &row, err);
	if (r >= 0)
		r = live_need(engine, &row, "trace the network of", &live, err);
	walk.from = row.name;
	if (r >= 0)
		r = open_namespaces(&walk, &live, err);
	if (r >= 0)
		r = go_from_bridges(&walk, row.id, connect, err);
	if (r < 0) {
		network_trace_done(&trace);
		return r;
	}
	conclude(&walk);
	*ret = trace;
	return 0;
}
