/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --qos: what a container is promised when the machine has too little for all, in Kubernetes' three classes.
 *
 *	guaranteed   it may have what it is promised, and no more: --memory and --cpus. Killed last.
 *	burstable    it is promised --memory-reservation, and may have more: slowed down short of --memory. The more it was
 *	             promised, the later it is killed.
 *	besteffort   nothing is promised, and so nothing limited. Killed first, and given a CPU last.
 *
 * Sources: kubernetes.io/docs/concepts/workloads/pods/pod-qos; .../scheduling-eviction/node-pressure-eviction, "Node out of
 * memory behavior"; github.com/kubernetes/enhancements, KEP 2570 "Memory QoS".
 */
#pragma once

#include "base/error.h"
#include "engine/engine.h"

/* Errors: ERR_INVALID. */
int qos_check(const struct container_spec *spec, struct error *err);

/* What it comes to: @spec with what its class says, unless a person said it; its strings are @spec's. */
struct container_spec qos_effective(const struct container_spec *spec);
