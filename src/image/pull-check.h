/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a tag still names what it did: one question without a body, before all that a pull needs is set up. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "image/reference.h"
#include "image/transfer.h"

struct pull_check_options {
	struct image_reference reference;
	char **known;	     /* digests that the tag may name */
	unsigned timeout_ms; /* 0: as usual */
};
void pull_check_options_done(struct pull_check_options *options);

/*
 * *ret_digest, which the caller frees, is the one of the known digests that the tag names; NULL if it is another one, or if
 * the registry does not say.
 */
int pull_check(const struct transfer *transfer, const struct pull_check_options *options, char **ret_digest,
	       struct error *err);
