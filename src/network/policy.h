/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network policies: documents of Kubernetes' kind NetworkPolicy (networking.k8s.io/v1), and the packet filter that they
 * become.
 *
 * Here a pod is a container's place on a network with the container's labels, and a namespace is a network with its own
 * labels, and "kubernetes.io/metadata.name" for its name. A policy belongs to the network that metadata.namespace names;
 * without one, or in "default", it is about containers of every network.
 *
 * What no policy selects may do everything. What one selects, for a direction, may do in it what at least one of those that
 * select it allows, and get answers. The host itself reaches all of its containers, as a node does.
 *
 * Invariants:
 *  P1  The rules depend on the policies only; which containers they are about stands in sets. So rules and their counters
 *      stay while containers come and go.
 *  P2  Rules are replaced in one transaction, and so is the content of all sets: no packet sees a half of either.
 *
 * Source: kubernetes.io/docs/concepts/services-networking/network-policies, and the API reference of NetworkPolicy v1.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/str.h"
#include "network/cidr.h"

enum policy_operator { POLICY_IN, POLICY_NOT_IN, POLICY_EXISTS, POLICY_DOES_NOT_EXIST };

struct policy_requirement {
	char *key;
	enum policy_operator operator;
	char **values;
};

/* All of the requirements; none of them: everything. */
struct policy_selector {
	struct policy_requirement *requirements;
	size_t n_requirements;
};

struct policy_peer {
	bool by_pods, by_namespaces;
	struct policy_selector pods, namespaces;
	struct cidr block; /* family 0: it is by selectors */
	struct cidr *except;
	size_t n_except;
};

struct policy_port {
	const char *protocol; /* "tcp", "udp", "sctp" */
	uint16_t first, last; /* 0: all */
};

struct policy_rule {
	struct policy_peer *peers; /* none: everybody */
	size_t n_peers;
	struct policy_port *ports; /* none: all */
	size_t n_ports;
};

struct policy_direction {
	bool selected; /* the policy has a say in it */
	struct policy_rule *rules;
	size_t n_rules;
};

struct policy {
	char *name, *namespace; /* namespace NULL: every network */
	struct policy_selector pods;
	struct policy_direction ingress, egress;
};
void policy_done(struct policy *policy);

/* Errors: the document's code, with the place in it. Whatever is not understood is an error: it could not be enforced. */
int policy_parse(const struct json_document *document, struct policy *ret, struct error *err);

/*
 * A port of the host's at whose IPv6 addresses a relay listens for a container without IPv6. The peer that the container sees
 * is the host then, so nobody can say what a policy would: from other machines none of its rules lets anything through.
 */
struct policy_relayed {
	uint8_t protocol; /* IPPROTO_TCP, ... */
	uint16_t port;
};

/* A container's place on a network. */
struct policy_endpoint {
	char **labels; /* of the container, "key=value" */
	char *network; /* its name */
	char **network_labels;
	struct cidr address, address6; /* family 0: none */
	struct policy_relayed *relayed;
	size_t n_relayed;
};

/* Whether the policy is about it. */
bool policy_selects(const struct policy *policy, const struct policy_endpoint *endpoint);

/* Whether one of its rules means it with this peer. */
bool policy_knows_peer(const struct policy *policy, const struct policy_peer *peer,
		       const struct policy_endpoint *endpoint);

/* A flow to or from somebody. */
struct policy_flow {
	const struct policy_endpoint *peer; /* NULL: no container */
	struct cidr address;		    /* the peer's */
	uint8_t protocol;		    /* IPPROTO_TCP, ...; 0: without ports, such as ping */
	uint16_t port;			    /* where it goes to */
};

enum policy_verdict_kind {
	POLICY_OPEN,	/* no policy is about it */
	POLICY_ALLOWED, /* by the first of those below */
	POLICY_DENIED,	/* by all of them, for none allows it */
};
struct policy_verdict {
	enum policy_verdict_kind kind;
	char **policies;
};
void policy_verdict_done(struct policy_verdict *verdict);
#define _cleanup_policy_verdict_ _cleanup_(policy_verdict_done)

/* What the packet filter would do with a flow that @own begins, with @egress; or else one that comes to it. */
void policy_decide(const struct policy *policies, size_t n_policies, bool egress, const struct policy_endpoint *own,
		   const struct policy_flow *flow, struct policy_verdict *ret);

/* What nft(8) has to read for @table to hold the rules of @policies and sets without content. */
void policy_write_rules(const char *table, const struct policy *policies, size_t n_policies, struct str *out);

/* How many rules these are. */
size_t policy_count_rules(const char *commands);

/* What the sets of @change's table are to hold, whatever is in them. */
struct firewall_change;
void policy_put_sets(struct firewall_change *change, const struct policy *policies, size_t n_policies,
		     const struct policy_endpoint *endpoints, size_t n_endpoints);

/* The same as nft(8) reads it: for when rules and sets have to change together. */
void policy_write_sets(const struct firewall_change *change, struct str *out);

/* What it has to read for the table to be gone, if it is there. */
void policy_write_removal(const char *table, struct str *out);
