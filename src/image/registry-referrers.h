/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which manifests of a repository refer to another one: asked of the registry's API, or, where there is none, of the index
 * under the tag for that, which whoever pushes a referrer keeps up to date (referrers.h).
 *
 * Source: OCI distribution-spec 1.1, "Listing Referrers", "Unavailable Referrers API".
 */
#pragma once

#include "base/error.h"
#include "image/referrers.h"
#include "image/registry.h"
#include "image/transfer.h"

struct registry_referrers_options {
	struct image_reference reference; /* the subject */
	char *artifact_type;		  /* those of this type only; or NULL */
	unsigned timeout_ms;		  /* 0: as usual */
};
void registry_referrers_options_done(struct registry_referrers_options *options);

/* Tell the engine of each, see transfer-protocol.h. Errors: ERR_IMG_TAG if there is no such subject, ERR_REG_*. */
int registry_referrers(const struct transfer *transfer, const struct registry_referrers_options *options,
		       struct error *err);

/*
 * @referrer was pushed to @repository, where the registry keeps no list: add it to the index. Two who do so at once can lose one
 * of their entries; the specification knows that, and the protocol has nothing against it that registries must have.
 */
int registry_referrers_update(struct registry *registry, const struct transfer *transfer, const char *repository,
			      const struct referrer *referrer, struct error *err);
