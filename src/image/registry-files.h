/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files in which somebody has said how registries are to be asked, as for Podman and its kin: $CONTAINERS_REGISTRIES_CONF,
 * or registries.conf in the user's folder containers ($XDG_CONFIG_HOME, ~/.config) or in /etc/containers; and then the files
 * *.conf in registries.conf.d beside it, in their order. Where /etc's file counts, the drop-ins of the user come last.
 *
 * Source: containers-registries.conf(5), version 2 of the format, and containers-registries.conf.d(5).
 */
#pragma once

#include <stddef.h>

#include "base/json.h"

/* In their order: of the same thing, what a later one says counts. */
struct registry_files {
	struct json_document *files;
	size_t n;
};
void registry_files_done(struct registry_files *files);
#define _cleanup_registry_files_ _cleanup_(registry_files_done)

/* No file is no error. Errors: ERR_INVALID for those that make no sense. */
int registry_files_load(struct registry_files *ret, struct error *err);

/* Where the user has @name for containers: $XDG_CONFIG_HOME/containers/NAME, or ~/.config's. NULL for who has no home. */
char *registry_user_path(const char *name);
