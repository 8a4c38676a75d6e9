/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which images a registry has. Docker's own and a few others can be searched; of all others that let us, the repositories are
 * listed, and those whose names have the words in them are what was searched for.
 *
 * Source: docs.docker.com/reference/api/registry (the old index's /v1/search); distribution, "Listing Repositories".
 */
#pragma once

#include "base/error.h"
#include "image/transfer-protocol.h"
#include "image/transfer.h"

struct registry_search_options {
	char *registry;	     /* "docker.io" */
	char *term;	     /* may be empty: everything */
	unsigned limit;	     /* 1 to SEARCH_LIMIT_MAX */
	unsigned timeout_ms; /* 0: as usual */
};
void registry_search_options_done(struct registry_search_options *options);

/*
 * Tell the engine of each image, see transfer-protocol.h. Errors: ERR_UNSUPPORTED for a registry that can do neither,
 * ERR_REG_*.
 */
int registry_search(const struct transfer *transfer, const struct registry_search_options *options, struct error *err);
