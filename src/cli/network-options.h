/* SPDX-License-Identifier: Apache-2.0 */
/* The flags of `run` and `create` that are about networks: from words to a container_spec. */
#pragma once

#include "cli/options.h"
#include "engine/engine.h"

struct network_options {
	char **networks; /* "none", "host", "bridge", "container:NAME", "ns:PATH", a name, or "name=...,ip=...,alias=..." */
	char **aliases, **options;
	char *address, *address6, *mac;
};

/* Whether any of them was given. */
static inline bool network_options_given(const struct network_options *options)
{
	return options->networks || options->aliases || options->options || options->address || options->address6 ||
	       options->mac;
}

/* Errors: ERR_USAGE for what contradicts itself, ERR_INVALID for what is none; in Docker's words. */
int network_options_finish(const struct network_options *options, struct container_spec *spec, struct error *err);

/* What --ip, --ip6, --mac-address, --driver-opt and aliases say of one network, named as it is. */
int network_endpoint_check(const struct endpoint_request *endpoint, struct error *err);
