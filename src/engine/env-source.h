/* SPDX-License-Identifier: Apache-2.0 */
/* Where the variables of a container's environment come from, for who looks for the one that is wrong. */
#pragma once

#include "engine/engine.h"

#define ENV_SOURCE_IMAGE "image"

/* "NAME=SOURCE" for each variable of @env, which was made for @spec: what the spec says of it, or the image. strv_free() it. */
char **env_sources_find(char *const *env, const struct container_spec *spec);
