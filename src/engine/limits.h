/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container may use: --memory, --cpus, --pids-limit, --device-read-bps, --cgroup-conf and their kin (cgroup), and
 * --ulimit (the process). Checked against this machine before anything is made.
 */
#pragma once

#include <json-c/json.h>

#include "base/error.h"
#include "engine/engine.h"

/* Errors: ERR_MEM_MIN, ERR_CPU, ERR_DEV, ERR_INVALID. */
int limits_check(const struct container_spec *spec, struct error *err);

/* The specification's linux.resources, but for devices. Errors: ERR_DEV, for a disk that is gone since limits_check(). */
int limits_add(const struct container_spec *spec, struct json_object *resources, struct error *err);

/* The limits of disks as Docker's `inspect` has them, into HostConfig. */
void limits_describe_block(const struct container_spec *spec, struct json_object *host);

/*
 * Each "name=soft[:hard]", -1 for no limit, into process.rlimits. Errors: ERR_INVALID; ERR_PERMISSION for a hard limit
 * that we may not give.
 */
int ulimits_add(char *const *ulimits, struct json_object *process, struct error *err);

/* What --ulimit was given, as Docker's `inspect` has it: Name, Hard, Soft; -1 is no limit. */
void ulimits_describe(char *const *ulimits, struct json_object *array);
