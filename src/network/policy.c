/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a NetworkPolicy. */
#include "network/policy.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/util.h"

/* --- memory --- */

static void selector_done(struct policy_selector *selector)
{
	for (size_t i = 0; i < selector->n_requirements; i++) {
		free(selector->requirements[i].key);
		strv_free(selector->requirements[i].values);
	}
	free(selector->requirements);
}

static void rule_done(struct policy_rule *rule)
{
	for (size_t i = 0; i < rule->n_peers; i++) {
		selector_done(&rule->peers[i].pods);
		selector_done(&rule->peers[i].namespaces);
		free(rule->peers[i].except);
	}
	free(rule->peers);
	free(rule->ports);
}

static void direction_done(struct policy_direction *direction)
{
	for (size_t i = 0; i < direction->n_rules; i++)
		rule_done(&direction->rules[i]);
	free(direction->rules);
}

void policy_done(struct policy *policy)
{
	free(policy->name);
	free(policy->namespace);
	selector_done(&policy->pods);
	direction_done(&policy->ingress);
	direction_done(&policy->egress);
}

/* What stands in a document and is in none of @names would be overlooked. */
static int know_members(const struct json_node *object, const char *const *names, struct error *err)
{
	struct json_iterator iterator = { 0 };
	for (struct json_node member; json_next(object, &iterator, &member);) {
		if (strv_contains((char *const *)names, member.key))
			continue;
		const char *nearest = str_nearest(member.key, names);
		int r = json_error(&member, err, "not known, and so it could not be enforced");
		return nearest ? err_hint(err, "did you mean %s?", nearest) : r;
	}
	return 0;
}

/* --- selectors --- */

static const char *const OPERATORS[] = {
	[POLICY_IN] = "In",
	[POLICY_NOT_IN] = "NotIn",
	[POLICY_EXISTS] = "Exists",
	[POLICY_DOES_NOT_EXIST] = "DoesNotExist",
};

static int parse_match_labels(const struct json_node *labels, struct policy_selector *selector, struct error *err)
{
	struct json_iterator iterator = { 0 };
	for (struct json_node label; json_next(labels, &iterator, &label);) {
		const char *value;
		int r = json_as_string(&label, &value, err);
		if (r < 0)
			return r;
		struct policy_requirement *requirement = ARRAY_APPEND(selector->requirements, selector->n_requirements);
		requirement->key = mem_strdup(label.key);
		requirement->operator= POLICY_IN;
		strv_append(&requirement->values, value);
	}
	return 0;
}

static int parse_operator(const struct json_node *node, enum policy_operator *ret, struct error *err)
{
	const char *word;
	int r = json_need_string(node, "operator", &word, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(OPERATORS); i++) {
		if (!streq(OPERATORS[i], word))
			continue;
		*ret = (enum policy_operator)i;
		return 0;
	}
	return json_error(node, err, "unknown operator \"%s\": there are In, NotIn, Exists and DoesNotExist", word);
}

static int parse_requirement(const struct json_node *node, struct policy_requirement *ret, struct error *err)
{
	static const char *const names[] = { "key", "operator", "values", NULL };
	const char *key;
	int r = json_as_object(node, err);
	if (r < 0 || (r = know_members(node, names, err)) < 0 || (r = json_need_string(node, "key", &key, err)) < 0 ||
	    (r = parse_operator(node, &ret->operator, err)) < 0 ||
	    (r = json_get_strv(node, "values", &ret->values, err)) < 0)
		return r;
	ret->key = mem_strdup(key);
	bool wants_values = ret->operator== POLICY_IN || ret->operator== POLICY_NOT_IN;
	if (wants_values != (strv_count(ret->values) > 0))
		return json_error(node, err, "%s has %s values", OPERATORS[ret->operator], wants_values ? "to have" : "no");
	return 0;
}

static int parse_selector(const struct json_node *node, struct policy_selector *ret, struct error *err)
{
	static const char *const names[] = { "matchExpressions", "matchLabels", NULL };
	struct json_node labels, expressions;
	int r = know_members(node, names, err);
	if (r >= 0)
		r = json_get_object(node, "matchLabels", &labels, err);
	if (r > 0)
		r = parse_match_labels(&labels, ret, err);
	if (r >= 0)
		r = json_get_array(node, "matchExpressions", &expressions, err);
	for (size_t i = 0; r > 0 && i < json_array_length(&expressions); i++) {
		struct json_node item = json_array_at(&expressions, i);
		r = parse_requirement(&item, ARRAY_APPEND(ret->requirements, ret->n_requirements), err);
		r = r < 0 ? r : 1;
	}
	return r < 0 ? r : 0;
}

/* 1 if it is there. */
static int get_selector(const struct json_node *node, const char *key, struct policy_selector *ret, struct error *err)
{
	struct json_node selector;
	int r = json_get_object(node, key, &selector, err);
	if (r > 0)
		r = parse_selector(&selector, ret, err);
	else
		return r;
	return r < 0 ? r : 1;
}

/* --- peers --- */

static int parse_cidr(const struct json_node *node, const char *text, struct cidr *ret, struct error *err)
{
	if (cidr_parse(text, ret, NULL) < 0)
		return json_error(node, err, "\"%s\" is no network, as 10.0.0.0/8 is one", text);
	*ret = cidr_network(ret);
	return 0;
}

static int parse_block(const struct json_node *node, struct policy_peer *ret, struct error *err)
{
	static const char *const names[] = { "cidr", "except", NULL };
	struct json_node except;
	const char *text;
	int r = know_members(node, names, err);
	if (r < 0 || (r = json_need_string(node, "cidr", &text, err)) < 0 ||
	    (r = parse_cidr(node, text, &ret->block, err)) < 0 ||
	    (r = json_get_array(node, "except", &except, err)) <= 0)
		return r;
	for (size_t i = 0; i < json_array_length(&except); i++) {
		struct json_node item = json_array_at(&except, i);
		struct cidr *cidr = ARRAY_APPEND(ret->except, ret->n_except);
		if ((r = json_as_string(&item, &text, err)) < 0 || (r = parse_cidr(&item, text, cidr, err)) < 0)
			return r;
		if (!cidr_contains(&ret->block, cidr) || cidr->prefix <= ret->block.prefix)
			return json_error(&item, err, "\"%s\" is no part of the block", text);
	}
	return 0;
}

static int parse_peer(const struct json_node *node, struct policy_peer *ret, struct error *err)
{
	static const char *const names[] = { "ipBlock", "namespaceSelector", "podSelector", NULL };
	struct json_node block;
	int pods, namespaces, blocks, r = json_as_object(node, err);
	if (r < 0 || (r = know_members(node, names, err)) < 0 ||
	    (r = pods = get_selector(node, "podSelector", &ret->pods, err)) < 0 ||
	    (r = namespaces = get_selector(node, "namespaceSelector", &ret->namespaces, err)) < 0 ||
	    (r = blocks = json_get_object(node, "ipBlock", &block, err)) < 0)
		return r;
	ret->by_pods = pods > 0;
	ret->by_namespaces = namespaces > 0;
	if (blocks > 0 && (pods > 0 || namespaces > 0))
		return json_error(node, err, "ipBlock stands alone");
	if (blocks == 0 && pods == 0 && namespaces == 0)
		return json_error(node, err, "there must be a podSelector, a namespaceSelector or an ipBlock");
	return blocks > 0 ? parse_block(&block, ret, err) : 0;
}

/* --- ports --- */

static int parse_protocol(const struct json_node *node, const char **ret, struct error *err)
{
	static const char *const known[][2] = { { "TCP", "tcp" }, { "UDP", "udp" }, { "SCTP", "sctp" } };
	const char *word = "TCP";
	int r = json_get_string(node, "protocol", &word, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!streq(known[i][0], word))
			continue;
		*ret = known[i][1];
		return 0;
	}
	return json_error(node, err, "unknown protocol \"%s\": there are TCP, UDP and SCTP", word);
}

static int parse_port(const struct json_node *node, struct policy_port *ret, struct error *err)
{
	static const char *const names[] = { "endPort", "port", "protocol", NULL };
	struct json_node port;
	uint64_t first = 0, last;
	int r = json_as_object(node, err), ranges;
	if (r < 0 || (r = know_members(node, names, err)) < 0 || (r = parse_protocol(node, &ret->protocol, err)) < 0)
		return r;
	bool has_port = json_get(node, "port", &port) > 0;
	if (has_port && json_object_is_type(port.value, json_type_string)) {
		(void)json_error(&port, err, "a container has no named ports; give the number");
		return err_hint(err, "port: 80");
	}
	if (has_port && ((r = json_as_u64(&port, UINT16_MAX, &first, err)) < 0))
		return r;
	last = first;
	r = ranges = json_get_u64(node, "endPort", UINT16_MAX, &last, err);
	if (r < 0)
		return r;
	if ((has_port && first == 0) || (ranges > 0 && (!has_port || last < first)))
		return json_error(node, err, "a range of ports is port to endPort, from 1");
	ret->first = (uint16_t)first;
	ret->last = (uint16_t)last;
	return 0;
}

/* --- rules --- */

static int parse_rule(const struct json_node *node, const char *peers_key, struct policy_rule *ret, struct error *err)
{
	const char *const names[] = { peers_key, "ports", NULL };
	struct json_node peers, ports;
	int r = json_as_object(node, err);
	if (r < 0 || (r = know_members(node, names, err)) < 0 || (r = json_get_array(node, peers_key, &peers, err)) < 0)
		return r;
	for (size_t i = 0; r > 0 && i < json_array_length(&peers); i++) {
		struct json_node peer = json_array_at(&peers, i);
		int parsed = parse_peer(&peer, ARRAY_APPEND(ret->peers, ret->n_peers), err);
		if (parsed < 0)
			return parsed;
	}
	r = json_get_array(node, "ports", &ports, err);
	for (size_t i = 0; r > 0 && i < json_array_length(&ports); i++) {
		struct json_node port = json_array_at(&ports, i);
		int parsed = parse_port(&port, ARRAY_APPEND(ret->ports, ret->n_ports), err);
		if (parsed < 0)
			return parsed;
	}
	return r < 0 ? r : 0;
}

static int parse_rules(const struct json_node *spec, const char *key, const char *peers_key,
		       struct policy_direction *ret, struct error *err)
{
	struct json_node rules;
	int r = json_get_array(spec, key, &rules, err);
	size_t count = r > 0 ? json_array_length(&rules) : 0;
	for (size_t i = 0; r >= 0 && i < count; i++) {
		struct json_node rule = json_array_at(&rules, i);
		r = parse_rule(&rule, peers_key, ARRAY_APPEND(ret->rules, ret->n_rules), err);
	}
	return r;
}

/*
 * Without policyTypes, or with none of them, it is about ingress, and about egress if there are rules for it: an empty list of
 * rules is no reason. Source: Kubernetes' API, NetworkPolicySpec, and SetDefaults_NetworkPolicy().
 */
static int parse_types(const struct json_node *spec, struct policy *policy, struct error *err)
{
	struct json_node types;
	int r = json_get_array(spec, "policyTypes", &types, err);
	if (r < 0)
		return r;
	size_t count = r > 0 ? json_array_length(&types) : 0;
	policy->ingress.selected = count == 0;
	policy->egress.selected = count == 0 && policy->egress.n_rules > 0;
	for (size_t i = 0; i < count; i++) {
		struct json_node type = json_array_at(&types, i);
		const char *word;
		int parsed = json_as_string(&type, &word, err);
		if (parsed < 0)
			return parsed;
		if (!streq(word, "Ingress") && !streq(word, "Egress"))
			return json_error(&type, err, "there are Ingress and Egress");
		*(streq(word, "Ingress") ? &policy->ingress.selected : &policy->egress.selected) = true;
	}
	return 0;
}

static int parse_spec(const struct json_node *spec, struct policy *policy, struct error *err)
{
	static const char *const names[] = { "egress", "ingress", "podSelector", "policyTypes", NULL };
	int r = know_members(spec, names, err);
	if (r < 0 || (r = get_selector(spec, "podSelector", &policy->pods, err)) < 0 ||
	    (r = parse_rules(spec, "ingress", "from", &policy->ingress, err)) < 0 ||
	    (r = parse_rules(spec, "egress", "to", &policy->egress, err)) < 0)
		return r;
	return parse_types(spec, policy, err);
}

static int parse_metadata(const struct json_node *root, struct policy *policy, struct error *err)
{
	struct json_node metadata;
	const char *name, *namespace = NULL;
	int r = json_need_object(root, "metadata", &metadata, err);
	if (r < 0 || (r = json_need_string(&metadata, "name", &name, err)) < 0 ||
	    (r = json_get_string(&metadata, "namespace", &namespace, err)) < 0)
		return r;
	/* They are shown, and become comments of the packet filter. */
	const char *const both[] = { name, namespace ? namespace : "default" };
	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		size_t len = strlen(both[i]);
		if (len == 0 || len > 63 ||
		    strspn(both[i], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._") != len)
			return json_error(&metadata, err, "\"%s\" is no name: at most 63 letters, digits, -, . and _",
					  both[i]);
	}
	policy->name = mem_strdup(name);
	policy->namespace = namespace && !streq(namespace, "default") ? mem_strdup(namespace) : NULL;
	return 0;
}

static int check_kind(const struct json_node *root, struct error *err)
{
	const char *version, *kind;
	int r = json_as_object(root, err);
	if (r < 0 || (r = json_need_string(root, "apiVersion", &version, err)) < 0 ||
	    (r = json_need_string(root, "kind", &kind, err)) < 0)
		return r;
	if (!streq(version, "networking.k8s.io/v1") || !streq(kind, "NetworkPolicy"))
		return json_error(root, err,
				  "a %s of %s is not what this is about: it is NetworkPolicy of "
				  "networking.k8s.io/v1",
				  kind, version);
	return 0;
}

int policy_parse(const struct json_document *document, struct policy *ret, struct error *err)
{
	struct json_node root = json_root(document), spec;
	struct policy policy = { 0 };
	int r = check_kind(&root, err);
	if (r >= 0)
		r = parse_metadata(&root, &policy, err);
	if (r >= 0)
		r = json_need_object(&root, "spec", &spec, err);
	if (r >= 0)
		r = parse_spec(&spec, &policy, err);
	if (r < 0) {
		policy_done(&policy);
		return r;
	}
	*ret = policy;
	return 0;
}
