/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instruction HEALTHCHECK: "[--interval=30s] [--timeout=30s] [--start-period=0s] [--start-interval=5s] [--retries=3] CMD
 * COMMAND", whose command is an array or a line for a shell; or "NONE".
 *
 * Source: Docker, "Dockerfile reference", HEALTHCHECK; moby/buildkit's words where it is wrong.
 */
#pragma once

#include "base/error.h"
#include "image/config.h"

/* Errors: ERR_INVALID. */
int import_change_health(struct image_config *config, const char *text, struct error *err);
