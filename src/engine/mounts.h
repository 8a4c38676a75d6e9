/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's mounts: those that it always has, those of -v and --tmpfs, and its files in /etc. One of the person's on
 * the same place as another replaces that.
 *
 * Source: Docker's defaults; OCI runtime-spec config.md, "Mounts".
 */
#pragma once

#include <json-c/json.h>

#include "base/error.h"
#include "engine/engine.h"
#include "monitor/protocol.h"

/*
 * Sources must exist, or are a mistake that is better found before anything is made. Errors: ERR_MNT_SRC, ERR_MNT_REL,
 * ERR_INVALID for two mounts on one place.
 */
int mounts_check(const struct container_spec *spec, struct error *err);

/* The specification's "mounts", in the order in which they have to be made. */
struct container_config;
struct oci_context;
void mounts_add(const struct container_config *config, const struct oci_context *context, bool writable_cgroups,
		struct json_object *root);

/* Whether its program says itself when it is ready, at NOTIFY_PATH: its monitor listens there. */
bool mounts_has_notify(const struct container_spec *spec);
#define NOTIFY_DIR "/run/notify"
#define NOTIFY_PATH NOTIFY_DIR "/" MONITOR_NOTIFY_SOCKET

/* The option that says how mounts in and out of it propagate, or NULL. */
const char *mount_propagation(const struct mount_request *mount);

/* Whether somebody has asked for its ids to be mapped: the option "idmap". */
bool mount_maps_ids(const struct mount_request *mount);

/* Where the host has our init program, and the container sees it. */
#define INIT_PROGRAM "coffer-init"
#define INIT_PATH "/sbin/coffer-init"
