/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The value of --mount: "type=bind,source=/host,target=/container,readonly". Fields are those of a line of CSV, so that one
 * in quotes may hold commas.
 * Source: docs.docker.com, "docker run", "--mount"; "Volumes", "Bind mounts" and "tmpfs mounts"; RFC 4180.
 */
#pragma once

#include "engine/engine.h"

/* Errors: ERR_USAGE, ERR_MNT_REL, ERR_INVALID. */
int mount_parse_flag(const char *text, struct mount_request *ret, struct error *err);
