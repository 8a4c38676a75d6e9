/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network policies (network/policy.h) of this engine: their rows, and the packet filter that follows the containers.
 *
 * Invariants:
 *  NP1  A policy's row is there only after its rules are: what a crash leaves between the two is a rule too many, which the
 *       next change of a policy takes away, and never one too few.
 *  NP2  A container is in the sets that it belongs to before its first process runs, or it is not started.
 *  NP3  Whoever changes the packet filter holds the database's write lock, so that an older view cannot replace a newer one.
 */
#pragma once

#include "engine/engine-internal.h"

struct cni_places;
struct json_object;
struct endpoint;

struct policy_record {
	char *name, *network; /* network "": every one */
	bool ingress, egress;
	size_t n_rules;
	char **containers;  /* those that it selects, of those that run */
	int64_t created_at; /* ns */
};
void policy_record_free(struct policy_record *record);

/*
 * Take the NetworkPolicies of @documents, an array; one of the same name and network is replaced. All of them, or none.
 * *ret_names is a strv. Errors: ERR_INVALID with the place in the document, ERR_UNSUPPORTED where it cannot be enforced.
 */
int engine_policy_apply(struct engine *engine, struct json_object *documents, const char *source, char ***ret_names,
			struct error *err);

/* By network and name. free() the array, and policy_record_free() what is in it. */
int engine_policy_list(struct engine *engine, struct policy_record ***ret, size_t *ret_count, struct error *err);

/* Its document; json_object_put() it. @name is NAME or NETWORK/NAME. Errors: ERR_NET. */
int engine_policy_inspect(struct engine *engine, const char *name, struct json_object **ret, struct error *err);

/* Errors: ERR_NET. */
int engine_policy_remove(struct engine *engine, const char *name, struct error *err);

/* --- for the engine --- */

/* The places of containers on networks have changed: have the sets say so. Costs one query where there are no policies. */
int policy_follow(struct engine *engine, struct error *err);

/*
 * The same for a place that is taken, before anything is sent from it: what the kernel remembers of the flows of whoever
 * had its addresses before is forgotten, or what seems to belong to those would pass.
 */
int policy_follow_new(struct engine *engine, const struct endpoint *endpoints, size_t count, struct error *err);

/*
 * Whether nothing that is to be enforced is about container @name with @labels, which is about to get @places on networks of
 * plugins. Errors: ERR_UNSUPPORTED.
 */
int policy_check_places(struct engine *engine, const char *name, char *const *labels, const struct cni_places *places,
			struct error *err);

/* The same for one that is about to have a network where nothing is filtered; on others it costs a query. */
int policy_check_own_way(struct engine *engine, const char *name, const struct container_config *config,
			 struct error *err);

/* Whether there are policies at all. 1 or 0. */
int policy_any(struct db *db, struct error *err);

/*
 * What the policies say of a flow between two addresses of which each may be a container's: at the end that begins it, and at
 * the other. What is no container's is POLICY_OPEN there. @protocol as in struct policy_flow.
 */
struct policy_verdict;
struct cidr;
int policy_judge(struct engine *engine, const struct cidr *from, const struct cidr *to, uint8_t protocol, uint16_t port,
		 struct policy_verdict *ret_egress, struct policy_verdict *ret_ingress, struct error *err);

/* Make what somebody has taken away. */
int policy_repair(struct engine *engine, struct error *err);

/* 1 if the packet filter has all rules, or needs none; *ret, a strv, has a name of a set for each element that is missing. */
int policy_look(struct engine *engine, char ***ret, struct error *err);
