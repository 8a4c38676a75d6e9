/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `import --change` says about an image: single Dockerfile instructions. CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK,
 * LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME and WORKDIR; variables are not replaced.
 *
 * Source: Docker, "Dockerfile reference" and `docker image import --change`.
 */
#pragma once

#include "base/error.h"
#include "image/config.h"

/* Apply one instruction. Errors: ERR_INVALID, naming the instruction. */
int import_change(struct image_config *config, const char *instruction, struct error *err);

/* ["a", "b"] as words, or NULL if the text is no such array. strv_free() it. */
char **import_parse_array(const char *text);
