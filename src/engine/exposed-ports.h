/* SPDX-License-Identifier: Apache-2.0 */
/* Which ports a container says that it listens at. */
#pragma once

#include "engine/engine.h"
#include "image/config.h"

/*
 * Those of the image, of --expose and of --publish, each once as "80/tcp", ranges expanded, by number; what an image has
 * that is no port comes last, as it stands. strv_free() it. Errors: port_parse()'s for what the person said.
 *
 * Source: the behaviour of docker 28, whose `create` and `commit` have all three in Config.ExposedPorts.
 */
int exposed_ports_resolve(const struct container_spec *spec, const struct image_config *image, char ***ret,
			  struct error *err);
