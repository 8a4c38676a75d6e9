/* SPDX-License-Identifier: Apache-2.0 */
/* Who may hold packets up: policies, what keeps networks apart, and other people's rules. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/network-driver.h"
#include "engine/network-filter.h"
#include "engine/network-foreign.h"
#include "engine/network-policy.h"
#include "engine/network-trace-walk.h"
#include "network/firewall-look.h"
#include "network/policy.h"

/* A rule of ours and what it has counted. free() it. */
static char *rule_source(const char *family, const char *table, const char *comment)
{
	uint64_t packets;
	return firewall_count(family, table, comment, &packets, NULL) < 0
		       ? mem_printf("table %s %s", family, table)
		       : mem_printf("table %s %s: \"%s\" has dropped %" PRIu64 " packets", family, table, comment,
				    packets);
}

/* --- policies --- */

static void add_verdict(struct walk *walk, const struct policy_verdict *verdict, bool egress)
{
	char table[FIREWALL_TABLE_MAX], port[WALK_PORT_MAX];
	_cleanup_free_ char *names = strv_join(verdict->policies, ", ");
	const char *direction = egress ? "egress" : "ingress";
	if (verdict->kind == POLICY_ALLOWED) {
		walk_add(walk, "policy", TRACE_OK, mem_strdup("the engine's policies"), "%s: %s allows it", direction,
			 names);
		return;
	}
	_cleanup_free_ char *policies = mem_printf("%s-policy", filter_table_name(walk->engine, table));
	_cleanup_free_ char *comment = mem_printf("no policy allows this %s", direction);
	walk_add(walk, "policy", TRACE_BAD, rule_source("inet", policies, comment), "%s: none of %s allows it",
		 direction, names);
	walk_fail(walk, "%s denies %s from %s", names, walk_port(walk, port), walk->from);
}

int trace_policies(struct walk *walk, struct error *err)
{
	_cleanup_policy_verdict_ struct policy_verdict egress = { 0 };
	_cleanup_policy_verdict_ struct policy_verdict ingress = { 0 };
	if (walk->route.is_local)
		return 0;
	int r = policy_judge(walk->engine, &walk->route.source, &walk->target, walk->protocol, walk->target_port,
			     &egress, &ingress, err);
	if (r < 0)
		return r;
	if (egress.kind == POLICY_OPEN && ingress.kind == POLICY_OPEN)
		walk_add(walk, "policy", TRACE_OK, mem_strdup("the engine's policies"), "none is about it: allowed");
	if (egress.kind != POLICY_OPEN)
		add_verdict(walk, &egress, true);
	if (ingress.kind != POLICY_OPEN)
		add_verdict(walk, &ingress, false);
	return 0;
}

/* --- what keeps networks apart --- */

/* The words of our rules (network/firewall-rules.c). */
static void drop(struct walk *walk, const char *comment, const char *why)
{
	char table[FIREWALL_TABLE_MAX];
	walk_add(walk, "network", TRACE_BAD, rule_source("inet", filter_table_name(walk->engine, table), comment), "%s",
		 why);
	walk_fail(walk, "%s", why);
}

static bool on_one_network(const struct walk *walk)
{
	return walk->begin.network && walk->end.network && streq(walk->begin.network->id, walk->end.network->id);
}

static bool is_routed(const struct walk *walk)
{
	const struct network_record *end = walk->end.network;
	return (walk->target.family == AF_INET6 ? end->gateway_mode6 : end->gateway_mode) == GATEWAY_ROUTED;
}

/* Whether the container there is reached by its own address: where a port is opened, or by ping. */
static bool is_open(const struct walk *walk)
{
	_cleanup_published_list_ struct published_list ports = { 0 };
	if (walk->published || !is_routed(walk))
		return false;
	bool open = walk->protocol == 0;
	if (published_row_list(walk->db, walk->end.endpoint->container, &ports, NULL) < 0)
		return open;
	for (size_t i = 0; i < ports.count; i++)
		open |= published_is_opening(&ports.items[i]) && ports.items[i].port.protocol == walk->protocol &&
			ports.items[i].port.container_port == walk->target_port &&
			cidr_same_address(&ports.items[i].address, &walk->target);
	return open;
}

/* As the packet filter's chain "forward" does, rule by rule. */
static void look_at_networks(struct walk *walk)
{
	const struct network_record *begin = walk->begin.network, *end = walk->end.network;
	char port[WALK_PORT_MAX];
	_cleanup_free_ char *why = NULL;
	if (on_one_network(walk) && !walk->published && begin->apart) {
		why = mem_printf("containers on \"%s\" do not reach each other (enable_icc=false)", begin->name);
		walk_add(walk, "network", TRACE_BAD, mem_strdup("the options of the network"), "%s", why);
		walk_fail(walk, "%s", why);
	} else if (on_one_network(walk)) {
		walk_add(walk, "network", TRACE_OK, mem_strdup("the engine's database"), "both are on \"%s\"",
			 begin->name);
	} else if (begin->internal && !walk->to_host) {
		why = mem_printf("nothing leaves \"%s\", which is internal", begin->name);
		drop(walk, "from an internal network", why);
	} else if (end && end->internal) {
		why = mem_printf("nothing comes into \"%s\", which is internal", end->name);
		drop(walk, "to an internal network", why);
	} else if (end && is_open(walk)) {
		walk_add(walk, "network", TRACE_OK, mem_strdup("the engine's database"),
			 "\"%s\" is routed, and %s is open", end->name, walk_port(walk, port));
	} else if (end && !walk->published) {
		why = mem_printf("\"%s\" and \"%s\" are kept apart; only published ports lead from one to the other",
				 begin->name, end->name);
		drop(walk, "into a network", why);
	} else {
		walk_add(walk, "network", TRACE_OK, mem_strdup("the packet filter's rules"),
			 walk->to_host ? "the host is there for \"%s\"" : "it may leave \"%s\"", begin->name);
	}
}

/* --- other people's rules --- */

/* Ours accept, but each table has a say. */
static int look_at_others(struct walk *walk, struct error *err)
{
	_cleanup_firewall_drop_ struct firewall_drop drop = { 0 };
	int r = firewall_find_drop(walk->to_host ? FIREWALL_INPUT : FIREWALL_FORWARD, walk->begin.network->bridge,
				   &drop, err);
	if (r > 0)
		foreign_note(walk, &drop);
	walk->filter = TAKE_PTR(drop.chain);
	return r < 0 ? r : 0;
}

static bool forwards(struct walk *walk)
{
	const char *path = walk->target.family == AF_INET6 ? "/proc/sys/net/ipv6/conf/all/forwarding"
							   : "/proc/sys/net/ipv4/ip_forward";
	char line[8];
	if (walk->to_host || file_read_line(AT_FDCWD, path, line, sizeof line) <= 0 || *line != '0')
		return true;
	walk_add(walk, "filter", TRACE_BAD, mem_strdup(path), "this host sends nothing on");
	walk_fail(walk, "this host sends nothing on: %s is 0", path);
	return false;
}

int trace_filter(struct walk *walk, struct error *err)
{
	if (walk->route.is_local || !walk->begin.network || !network_is_bridge(walk->begin.network))
		return 0;
	look_at_networks(walk);
	if (on_one_network(walk) && !walk->published)
		return 0;
	return forwards(walk) ? look_at_others(walk, err) : 0;
}
