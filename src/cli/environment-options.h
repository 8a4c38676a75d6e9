/* SPDX-License-Identifier: Apache-2.0 */
/* The flags of `run` and `create` that say what the program finds around it: variables, the time zone. */
#pragma once

#include "cli/options.h"
#include "engine/engine.h"

struct environment_options {
	char **env, **env_files;
	bool host, proxy;
	char *time_zone;
};

extern const struct option ENVIRONMENT_OPTIONS[]; /* of struct container_options */

/* Into the spec. Errors: ERR_USAGE, ERR_INVALID for a time zone that is not here. */
int environment_options_finish(const struct environment_options *options, struct container_spec *spec,
			       struct error *err);
