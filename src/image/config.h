/* SPDX-License-Identifier: Apache-2.0 */
/* An image's configuration. Source: OCI image-spec, config.md; Docker's image.md. Errors: ERR_IMG_MANIFEST. */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "base/json.h"
#include "image/platform.h"

/* Source: Docker's image.md, "Healthcheck". What is 0 was not said. */
struct image_health {
	char **test; /* "CMD" and a program, "CMD-SHELL" and a line, or "NONE"; NULL: not said */
	int64_t interval_ns, timeout_ns, start_period_ns, start_interval_ns;
	int64_t retries;
};
void image_health_done(struct image_health *health);

/* Member "Healthcheck" of @config, if it has one. */
int image_health_parse(const struct json_node *config, struct image_health *ret, struct error *err);

struct image_config {
	struct platform platform;
	char *created; /* RFC 3339, or NULL */
	char *user;
	char *working_dir;
	char *stop_signal;
	char **env;
	char **entrypoint;
	char **cmd;
	char **volumes;
	char **exposed_ports;
	char **labels; /* "key=value" */
	char **on_build; /* instructions for who builds on it */
	struct image_health health;
	char **diff_ids; /* bottom first, valid digests */
};

enum { IMAGE_CONFIG_SIZE_MAX = 8 << 20 };

int image_config_parse(const char *text, size_t len, struct image_config *ret, struct error *err);
void image_config_done(struct image_config *config);
#define _cleanup_image_config_ _cleanup_(image_config_done)
