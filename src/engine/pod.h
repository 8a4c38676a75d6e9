/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods: containers that share namespaces. A pod's namespaces are those of one more container, the infra container, which
 * does nothing but pause; so what a pod has of the network (addresses, published ports, host name) is that container's, and
 * whatever can be done to containers works for those of a pod.
 *
 * Invariants:
 *  PO1  A pod and its infra container come into being in one transaction, and go in one: neither is ever seen without the
 *       other.
 *  PO2  A pod that is being removed takes no more containers, and its infra container goes last; whoever finds one that was
 *       left on this way (engine_reconcile()) removes the rest.
 *  PO3  The state of a pod is that of its containers, and written nowhere.
 *
 * Sources: podman-pod(1), podman-pod-create(1), podman-pod-ps(1).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "engine/engine.h"

struct pod {
	char id[ID_HEX_LENGTH + 1];
	char *name;
	char infra[ID_HEX_LENGTH + 1];	      /* the id of the infra container */
	char **shares;			      /* "ipc", "net", ... */
	char **labels;			      /* "key=value" */
	bool stops;			      /* when the last of its other containers has ended */
	int64_t created_at;		      /* ns */
	struct container_record **containers; /* the oldest, which is the infra container, first */
	size_t n_containers;
};
void pod_free(struct pod *pod);
DEFINE_CLEANUP(struct pod *, pod_free);
#define _cleanup_pod_ _cleanup_(pod_freep)
void pods_free(struct pod **pods, size_t count);

/* What a person asks for; zero-initialised is "nothing said". */
struct pod_request {
	const char *name;
	char *const *shares; /* "net", "+pid" for one more than without a word; "none" */
	char *const *labels;
	bool stops;
	bool networked;			    /* it was said what the network is to be */
	const struct container_spec *infra; /* its name, network, ports, hosts, name servers, host name and the like */
};

/*
 * Make a pod, not started. Errors: ERR_NAME, ERR_INVALID for what cannot be shared, or is said of a network that is not
 * shared; those of engine_container_create().
 */
int engine_pod_create(struct engine *engine, const struct pod_request *request, struct pod **ret, struct error *err);

/* By name, id or unique prefix of an id. Errors: ERR_NO_POD ("No such pod: x"), ERR_INVALID. */
int engine_pod_find(struct engine *engine, const char *name, struct pod **ret, struct error *err);

/* Newest first. pods_free() them. */
int engine_pod_list(struct engine *engine, struct pod ***ret, size_t *ret_count, struct error *err);

/* With its containers. Errors: ERR_NO_POD; ERR_STATE for one with containers that run, without @force. */
int engine_pod_remove(struct engine *engine, const char *name, bool force, struct error *err);

/* Podman's word: "Created", "Running", "Degraded", "Paused", "Exited", "Stopped", "Error". */
const char *pod_state(const struct pod *pod);

/* Podman's document. json_object_put() it. */
struct json_object;
int engine_pod_inspect(struct engine *engine, const char *name, struct json_object **ret, struct error *err);

/*
 * Make @spec that of a container of the pod @name, whose namespaces it gets; spec->pod is the pod's id then. @networked: it
 * was said what its network is to be. Errors: ERR_NO_POD; ERR_INVALID for what is the pod's to say.
 */
int engine_pod_join(struct engine *engine, const char *name, bool networked, struct container_spec *spec,
		    struct error *err);
