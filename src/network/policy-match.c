/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a policy is about, whom it knows as a peer, and what it says of one flow. */
#include "network/policy.h"

#include <netinet/in.h>

/* The value of a label, or NULL. */
static const char *label_value(char *const *labels, const char *key)
{
	size_t len = strlen(key);
	for (; labels && *labels; labels++)
		if (strncmp(*labels, key, len) == 0 && ((*labels)[len] == '=' || !(*labels)[len]))
			return (*labels)[len] ? *labels + len + 1 : "";
	return NULL;
}

static bool is_met(const struct policy_requirement *requirement, const char *value)
{
	switch (requirement->operator) {
	case POLICY_IN:
		return value && strv_contains(requirement->values, value);
	case POLICY_NOT_IN:
		return !value || !strv_contains(requirement->values, value);
	case POLICY_EXISTS:
		return value;
	case POLICY_DOES_NOT_EXIST:
		return !value;
	}
	return false;
}

static bool selects(const struct policy_selector *selector, char *const *labels, const char *name)
{
	for (size_t i = 0; i < selector->n_requirements; i++) {
		const struct policy_requirement *requirement = &selector->requirements[i];
		bool is_name = name && streq(requirement->key, "kubernetes.io/metadata.name");
		if (!is_met(requirement, is_name ? name : label_value(labels, requirement->key)))
			return false;
	}
	return true;
}

bool policy_selects(const struct policy *policy, const struct policy_endpoint *endpoint)
{
	return (!policy->namespace || streq(policy->namespace, endpoint->network)) &&
	       selects(&policy->pods, endpoint->labels, NULL);
}

bool policy_knows_peer(const struct policy *policy, const struct policy_peer *peer,
		       const struct policy_endpoint *endpoint)
{
	if (peer->block.family)
		return false;
	if (peer->by_pods && !selects(&peer->pods, endpoint->labels, NULL))
		return false;
	if (peer->by_namespaces)
		return selects(&peer->namespaces, endpoint->network_labels, endpoint->network);
	return !policy->namespace || streq(policy->namespace, endpoint->network);
}

/* --- one flow --- */

void policy_verdict_done(struct policy_verdict *verdict)
{
	strv_free(verdict->policies);
}

static bool is_in_block(const struct policy_peer *peer, const struct cidr *address)
{
	if (peer->block.family != address->family || !cidr_contains(&peer->block, address))
		return false;
	for (size_t i = 0; i < peer->n_except; i++)
		if (cidr_contains(&peer->except[i], address))
			return false;
	return true;
}

static bool allows_peer(const struct policy *policy, const struct policy_rule *rule, const struct policy_flow *flow)
{
	for (size_t i = 0; i < rule->n_peers; i++)
		if (is_in_block(&rule->peers[i], &flow->address) ||
		    (flow->peer && policy_knows_peer(policy, &rule->peers[i], flow->peer)))
			return true;
	return rule->n_peers == 0;
}

static bool is_protocol(const char *name, uint8_t protocol)
{
	return protocol == (streq(name, "tcp") ? IPPROTO_TCP : streq(name, "udp") ? IPPROTO_UDP : IPPROTO_SCTP);
}

static bool allows_port(const struct policy_rule *rule, const struct policy_flow *flow)
{
	for (size_t i = 0; i < rule->n_ports; i++) {
		const struct policy_port *port = &rule->ports[i];
		bool in_range = port->first == 0 || (flow->port >= port->first && flow->port <= port->last);
		if (is_protocol(port->protocol, flow->protocol) && in_range)
			return true;
	}
	return rule->n_ports == 0;
}

static bool allows(const struct policy *policy, const struct policy_direction *direction,
		   const struct policy_flow *flow)
{
	for (size_t i = 0; i < direction->n_rules; i++)
		if (allows_peer(policy, &direction->rules[i], flow) && allows_port(&direction->rules[i], flow))
			return true;
	return false;
}

void policy_decide(const struct policy *policies, size_t n_policies, bool egress, const struct policy_endpoint *own,
		   const struct policy_flow *flow, struct policy_verdict *ret)
{
	struct policy_verdict verdict = { .kind = POLICY_OPEN };
	for (size_t i = 0; i < n_policies && verdict.kind != POLICY_ALLOWED; i++) {
		const struct policy_direction *direction = egress ? &policies[i].egress : &policies[i].ingress;
		if (!direction->selected || !policy_selects(&policies[i], own))
			continue;
		bool allowed = allows(&policies[i], direction, flow);
		if (allowed)
			policy_verdict_done(&verdict);
		if (allowed)
			verdict.policies = NULL;
		verdict.kind = allowed ? POLICY_ALLOWED : POLICY_DENIED;
		strv_append(&verdict.policies, policies[i].name);
	}
	*ret = verdict;
}
