/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list that a registry gives page by page: tags, repositories, referrers.
 *
 * Source: OCI distribution-spec, "Listing Tags" and "Listing Referrers"; RFC 8288 for "Link".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "image/registry-config.h"
#include "image/registry.h"
#include "image/transfer.h"

enum { REGISTRY_PAGE_MAX = 4 << 20 };

/* Take what is on one page; returns how many things that were, or an error. */
typedef int registry_page_fn(void *context, const struct http_answer *answer, struct error *err);

struct registry_pages {
	struct registry_request first; /* its path, and what it accepts; the rest is ours */
	registry_page_fn *take;
	bool (*enough)(const void *context); /* no more pages, then; or NULL */
	void *context;

	long status; /* the answer: of the request that failed, or 0 */
};

/* The registry that a route leads to in the end, and no mirror: one of those may have a part of the list. */
int registry_new_own(const struct registry_route *route, unsigned timeout_ms, struct registry **ret, struct error *err);

/* Get them all. A page with nothing on it is the last one, whatever it says. */
int registry_pages_get(struct registry *registry, const struct transfer *transfer, struct registry_pages *pages,
		       struct error *err);
