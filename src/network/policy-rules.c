/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies as a table of nftables. What is within one network is only bridged, and comes by because the bridges are told to
 * show it (bridge_filter_ports()).
 *
 *	chain forward	what is about a selected container goes through "ingress", "egress" or both
 *	chain ingress	returns what some policy allows, and drops the rest; "egress" likewise
 *
 *	chain input	what goes to the host itself: relays, and from a selected container likewise
 *
 * Sets: "ingress4" has the containers that some policy selects for ingress; "p0_4" those of the first policy;
 * "p0_i1_4" those that the peers of its second ingress rule select; "relayed" has ports of the host's (policy.h).
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "network/policy.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/util.h"
#include "network/firewall.h"

enum { IPV4, IPV6, VERSIONS };
static const struct {
	const char *suffix, *header, *type;
	sa_family_t family;
} IP_VERSIONS[] = {
	[IPV4] = { "4", "ip", "ipv4_addr", AF_INET },
	[IPV6] = { "6", "ip6", "ipv6_addr", AF_INET6 },
};

static bool has_selectors(const struct policy_rule *rule)
{
	for (size_t i = 0; i < rule->n_peers; i++)
		if (!rule->peers[i].block.family)
			return true;
	return false;
}

/* --- rules --- */

/* One direction of all policies, and the words for it. */
struct way {
	const char *chain, *own, *other; /* the addresses of the selected container, and of its peer */
	char letter;
};
static const struct way INGRESS = { "ingress", "daddr", "saddr", 'i' }, EGRESS = { "egress", "saddr", "daddr", 'e' };

static const struct policy_direction *direction_of(const struct policy *policy, const struct way *way)
{
	return way == &INGRESS ? &policy->ingress : &policy->egress;
}

static void declare_set(struct str *out, const char *name, int version)
{
	str_appendf(out, "set %s_%s { type %s; }\n", name, IP_VERSIONS[version].suffix, IP_VERSIONS[version].type);
}

static void declare_sets(const struct policy *policy, size_t index, const struct way *way, int version, struct str *out)
{
	const struct policy_direction *direction = direction_of(policy, way);
	for (size_t i = 0; i < direction->n_rules; i++) {
		_cleanup_free_ char *name = mem_printf("p%zu_%c%zu", index, way->letter, i);
		if (has_selectors(&direction->rules[i]))
			declare_set(out, name, version);
	}
}

struct line {
	const struct policy *policy;
	size_t index, rule;
	const struct way *way;
	int version;
};

/* One rule of the packet filter for each port. @peer matches who is on the other side, or is "". */
static void write_ports(const struct line *line, const struct policy_rule *rule, const char *peer, struct str *out)
{
	const char *header = IP_VERSIONS[line->version].header;
	for (size_t i = 0; i == 0 || i < rule->n_ports; i++) {
		str_appendf(out, "%s %s @p%zu_%s %s", header, line->way->own, line->index,
			    IP_VERSIONS[line->version].suffix, peer);
		const struct policy_port *port = rule->n_ports ? &rule->ports[i] : NULL;
		if (port && port->first == 0)
			str_appendf(out, "meta l4proto %s ", port->protocol);
		else if (port)
			str_appendf(out, "%s dport %u-%u ", port->protocol, port->first, port->last);
		str_appendf(out, "counter return comment \"%s %s %zu\"\n", line->policy->name, line->way->chain,
			    line->rule);
	}
}

static void write_block(const struct line *line, const struct policy_rule *rule, const struct policy_peer *peer,
			struct str *out)
{
	char text[CIDR_TEXT_MAX];
	_cleanup_str_ struct str match = { 0 };
	const char *header = IP_VERSIONS[line->version].header;
	if (peer->block.family != IP_VERSIONS[line->version].family)
		return;
	str_appendf(&match, "%s %s %s ", header, line->way->other, cidr_text(&peer->block, text));
	for (size_t i = 0; i < peer->n_except; i++)
		str_appendf(&match, "%s %s != %s ", header, line->way->other, cidr_text(&peer->except[i], text));
	write_ports(line, rule, str_text(&match), out);
}

static void write_rule(const struct line *line, const struct policy_rule *rule, struct str *out)
{
	if (rule->n_peers == 0)
		write_ports(line, rule, "", out);
	if (has_selectors(rule)) {
		_cleanup_free_ char *match = mem_printf("%s %s @p%zu_%c%zu_%s ", IP_VERSIONS[line->version].header,
							line->way->other, line->index, line->way->letter, line->rule,
							IP_VERSIONS[line->version].suffix);
		write_ports(line, rule, match, out);
	}
	for (size_t i = 0; i < rule->n_peers; i++)
		if (rule->peers[i].block.family)
			write_block(line, rule, &rule->peers[i], out);
}

static void write_chain(const struct policy *policies, size_t n_policies, const struct way *way, struct str *out)
{
	str_appendf(out, "chain %s {\n", way->chain);
	for (size_t i = 0; i < n_policies; i++) {
		const struct policy_direction *direction = direction_of(&policies[i], way);
		for (size_t k = 0; direction->selected && k < direction->n_rules; k++)
			for (int version = 0; version < VERSIONS; version++)
				write_rule(&(struct line){ &policies[i], i, k, way, version }, &direction->rules[k],
					   out);
	}
	str_appendf(out, "counter drop comment \"no policy allows this %s\"\n}\n", way->chain);
}

/*
 * Neighbour discovery is below what policies are about; answers belong to what was allowed. Every interface has an address
 * fe80::, which no set knows: between containers, nothing but neighbour discovery uses it.
 */
static void write_hook(const char *hook, bool ingress, struct str *out)
{
	str_appendf(
		out,
		"chain %s {\ntype filter hook %s priority filter - 1; policy accept;\n"
		"ct state established,related accept\n"
		"icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } accept\n"
		"ip saddr @egress_4 jump egress\nip6 saddr @egress_6 jump egress\n",
		hook, hook);
	if (!ingress)
		str_append(out, "iifname != \"lo\" meta nfproto ipv6 meta l4proto . th dport @relayed "
				"counter drop comment \"no policy knows whom a relay lets in\"\n");
	if (ingress)
		str_append(out, "ip6 daddr fe80::/10 drop\nip6 saddr fe80::/10 ip6 daddr != ff00::/8 drop\n"
				"ip daddr @ingress_4 jump ingress\nip6 daddr @ingress_6 jump ingress\n");
	str_append(out, "}\n");
}

/* "add" before "delete": what is not there can be deleted as well then. */
void policy_write_removal(const char *table, struct str *out)
{
	str_appendf(out, "add table inet %s\ndelete table inet %s\n", table, table);
}

void policy_write_rules(const char *table, const struct policy *policies, size_t n_policies, struct str *out)
{
	policy_write_removal(table, out);
	str_appendf(out, "table inet %s {\nset relayed { type inet_proto . inet_service; }\n", table);
	for (int version = 0; version < VERSIONS; version++) {
		declare_set(out, "ingress", version);
		declare_set(out, "egress", version);
		for (size_t i = 0; i < n_policies; i++) {
			_cleanup_free_ char *name = mem_printf("p%zu", i);
			declare_set(out, name, version);
			declare_sets(&policies[i], i, &INGRESS, version, out);
			declare_sets(&policies[i], i, &EGRESS, version, out);
		}
	}
	write_chain(policies, n_policies, &INGRESS, out);
	write_chain(policies, n_policies, &EGRESS, out);
	write_hook("forward", true, out);
	write_hook("input", false, out); /* the host's own services are somebody, too */
	str_append(out, "}\n");
}

/* What is in a chain, and does not say where that hangs. */
size_t policy_count_rules(const char *commands)
{
	static const char *const others[] = { "table ", "add ", "delete ", "set ", "chain ", "type ", "}" };
	_cleanup_strv_ char **lines = strv_split(commands, '\n');
	size_t count = 0;
	for (char **line = lines; line && *line; line++) {
		bool is_rule = **line;
		for (size_t i = 0; i < ARRAY_SIZE(others); i++)
			is_rule = is_rule && !str_starts_with(*line, others[i]);
		count += is_rule;
	}
	return count;
}

/* --- sets --- */

struct content {
	struct firewall_change *change;
	const struct policy *policies;
	size_t n_policies;
	const struct policy_endpoint *endpoints;
	size_t n_endpoints;
};

/* Who is in a set: @member decides for each endpoint. */
static void put_set(const struct content *content, const char *name,
		    bool (*member)(const struct content *content, const struct policy_endpoint *endpoint,
				   const void *context),
		    const void *context)
{
	for (int version = 0; version < VERSIONS; version++) {
		_cleanup_free_ char *set = mem_printf("%s_%s", name, IP_VERSIONS[version].suffix);
		firewall_begin_set(content->change, NFPROTO_INET, set, true);
		for (size_t i = 0; i < content->n_endpoints; i++) {
			const struct policy_endpoint *endpoint = &content->endpoints[i];
			const struct cidr *address = version == IPV4 ? &endpoint->address : &endpoint->address6;
			if (address->family && member(content, endpoint, context))
				firewall_put_address(content->change, set, address);
		}
	}
}

static bool is_restricted(const struct content *content, const struct policy_endpoint *endpoint, const void *context)
{
	for (size_t i = 0; i < content->n_policies; i++)
		if (direction_of(&content->policies[i], context)->selected &&
		    policy_selects(&content->policies[i], endpoint))
			return true;
	return false;
}

static bool is_selected(const struct content *content, const struct policy_endpoint *endpoint, const void *context)
{
	return policy_selects(context, endpoint);
}

struct rule_of {
	const struct policy *policy;
	const struct policy_rule *rule;
};

static bool is_allowed(const struct content *content, const struct policy_endpoint *endpoint, const void *context)
{
	const struct rule_of *of = context;
	for (size_t i = 0; i < of->rule->n_peers; i++)
		if (policy_knows_peer(of->policy, &of->rule->peers[i], endpoint))
			return true;
	return false;
}

static void put_peer_sets(const struct content *content, size_t index, const struct way *way)
{
	const struct policy_direction *direction = direction_of(&content->policies[index], way);
	for (size_t i = 0; i < direction->n_rules; i++) {
		const struct rule_of of = { &content->policies[index], &direction->rules[i] };
		_cleanup_free_ char *name = mem_printf("p%zu_%c%zu", index, way->letter, i);
		if (has_selectors(of.rule))
			put_set(content, name, is_allowed, &of);
	}
}

static void put_relayed(const struct content *content)
{
	firewall_begin_set(content->change, NFPROTO_INET, "relayed", true);
	for (size_t i = 0; i < content->n_endpoints; i++) {
		const struct policy_endpoint *endpoint = &content->endpoints[i];
		if (endpoint->n_relayed == 0 || !is_restricted(content, endpoint, &INGRESS))
			continue;
		for (size_t k = 0; k < endpoint->n_relayed; k++)
			firewall_put_service(content->change, "relayed", endpoint->relayed[k].protocol,
					     endpoint->relayed[k].port);
	}
}

void policy_put_sets(struct firewall_change *change, const struct policy *policies, size_t n_policies,
		     const struct policy_endpoint *endpoints, size_t n_endpoints)
{
	const struct content content = { change, policies, n_policies, endpoints, n_endpoints };
	put_set(&content, "ingress", is_restricted, &INGRESS);
	put_set(&content, "egress", is_restricted, &EGRESS);
	put_relayed(&content);
	for (size_t i = 0; i < n_policies; i++) {
		_cleanup_free_ char *name = mem_printf("p%zu", i);
		put_set(&content, name, is_selected, &policies[i]);
		put_peer_sets(&content, i, &INGRESS);
		put_peer_sets(&content, i, &EGRESS);
	}
}

/* Two registers: a protocol, and a port. */
static void write_service(const uint8_t *data, struct str *out)
{
	uint16_t port;
	memcpy(&port, data + sizeof(uint32_t), sizeof port);
	str_appendf(out, "%u . %u", data[0], ntohs(port));
}

/* An address, as the key of an element has it; or a port. */
static void write_key(const struct nlattr *element, struct str *out)
{
	const struct nlattr *parts[NFTA_SET_ELEM_KEY + 1], *value[NFTA_DATA_VALUE + 1];
	struct cidr address = { .family = AF_INET };
	char text[CIDR_TEXT_MAX];
	netlink_nested(element, parts, ARRAY_SIZE(parts));
	netlink_nested(parts[NFTA_SET_ELEM_KEY], value, ARRAY_SIZE(value));
	if (netlink_length(value[NFTA_DATA_VALUE]) == 2 * sizeof(uint32_t)) {
		write_service(netlink_data(value[NFTA_DATA_VALUE]), out);
		return;
	}
	if (netlink_length(value[NFTA_DATA_VALUE]) > cidr_length(&address))
		address.family = AF_INET6;
	memcpy(address.bytes, netlink_data(value[NFTA_DATA_VALUE]), cidr_length(&address));
	str_append(out, cidr_address_text(&address, text));
}

void policy_write_sets(const struct firewall_change *change, struct str *out)
{
	for (size_t i = 0; i < change->n_sets; i++) {
		const struct firewall_elements *set = &change->sets[i];
		if (firewall_first(set) == firewall_last(set))
			continue;
		str_appendf(out, "add element inet %s %s { ", change->table, set->set);
		for (const struct nlattr *at = firewall_first(set); at < firewall_last(set); at = firewall_next(at)) {
			str_append(out, at == firewall_first(set) ? "" : ", ");
			write_key(at, out);
		}
		str_append(out, " }\n");
	}
}
