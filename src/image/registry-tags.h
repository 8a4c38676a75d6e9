/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tags of a repository, over all pages of the registry's answer.
 *
 * Source: OCI distribution-spec, "Listing Tags"; RFC 8288 for "Link".
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "image/registry.h"
#include "image/transfer.h"

enum { REGISTRY_TAGS_MAX = 100 * 1000 };

struct registry_tags_options {
	struct image_reference reference; /* its tag means nothing */
	unsigned timeout_ms;		  /* 0: as usual */
};

/* *ret is a strv, in the registry's order. Errors: ERR_IMG_TAG if there is no such repository, ERR_REG_*. */
int registry_tags(const struct transfer *transfer, const struct registry_tags_options *options, char ***ret,
		  struct error *err);
