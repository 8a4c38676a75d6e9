/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Health checks: what the image and the person say about them, laid over each other by Docker's rules.
 *
 * Source: Docker Engine API, "HealthConfig"; the behaviour of docker 28.
 */
#pragma once

#include "engine/container-config.h"
#include "monitor/health.h"

/* Errors: ERR_INVALID, in Docker's words. */
int health_config_check(const struct container_spec *spec, struct error *err);

/* Whether there is a check for what is to be done when it fails, or succeeds. Errors: ERR_INVALID. */
int health_config_check_action(const struct container_spec *spec, const struct image_health *health, struct error *err);

/* What the person says counts, member by member; what they do not say, the image does. */
void health_config_resolve(const struct container_spec *spec, const struct image_health *image,
			   struct image_health *ret);

/* In Docker's form, member "Healthcheck" of @object; one without a test adds nothing. */
void health_config_to_json(const struct image_health *health, struct json_object *object);
int health_config_from_json(const struct json_node *object, struct image_health *ret, struct error *err);

/* What the monitor is told. health_plan_done() it. */
void health_config_plan(const struct container_config *config, struct health_plan *ret);

/* Whether there is something to run. */
bool health_config_is_on(const struct image_health *health);
