/* SPDX-License-Identifier: Apache-2.0 */
/* Pulling what is here already: one question to the registry tells whether its tag still names that. */
#pragma once

#include "base/error.h"
#include "engine/engine.h"
#include "image/platform.h"

/*
 * @name is a reference in full, with a tag; @repository that without it. 1 if the registry says that the image of this name
 * is what the tag names, and all of it is in the store: *ret_id and *ret_digest are copies. 0 if not, or if that
 * could not be found out and is worth a try of the usual way. Errors: those of a registry that cannot be reached.
 */
int pull_known(struct engine *engine, const char *name, const char *repository, const struct platform *platform,
	       char **ret_id, char **ret_digest, struct error *err);
