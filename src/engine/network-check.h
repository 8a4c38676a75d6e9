/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the network of a container is sound: looked at from inside, and on the host's side of it. Nothing is changed;
 * each gateway is sent a datagram, and each name server a question.
 */
#pragma once

#include "engine/network-trace.h"

/*
 * Of the container @name, which runs. With @target (else NULL) the steps of engine_network_trace() to it follow, with a
 * connection. Errors: as that has them.
 */
int engine_network_check(struct engine *engine, const char *name, const char *target, struct network_trace *ret,
			 struct error *err);

/* The names of the containers that run and have a network namespace of their own; a strv. */
int engine_network_running(struct engine *engine, char ***ret, struct error *err);
