/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's config.json: what was resolved at its creation, in the OCI runtime specification's words and with what
 * Docker gives every container.
 *
 * Source: OCI runtime-spec, config.md and config-linux.md.
 */
#pragma once

#include <json-c/json.h>

#include "base/error.h"
#include "engine/container-config.h"
#include "engine/merged.h"
#include "engine/user.h"

/* What is hidden, and what is read-only, below /proc and /sys unless somebody opens it; NULL-terminated. */
extern const char *const OCI_MASKED_PATHS[], *const OCI_READONLY_PATHS[];

struct oci_context {
	const char *id;
	const char *rootfs;  /* its directory; NULL: the monitor mounts it */
	const char *run_dir;   /* absolute; has the files of network/files.h */
	const char *cgroup;    /* linux.cgroupsPath (engine/cgroup-place.h), or NULL */
	bool shifted;	       /* its files have ids of the host on disk */
	uint32_t last_group;   /* of those that the container can have */
	const char *volumes;   /* absolute; has the directories of volumes */
	char *const *secret_env; /* variables that are secrets, a strv */
	struct merged *merged; /* the root filesystem, for looking up users */
};

/* Checks all that the person asked for. Errors: those of limits.h, mounts.h, security.h, user.h, ... */
int oci_spec_make(const struct container_config *config, const struct oci_context *context, struct json_object **ret,
		  struct error *err);

/* --- parts of its "process", which those of exec have as well --- */

void oci_add_user(const struct user *user, struct json_object *process);

/* @set is its bounding, effective and permitted set. */
void oci_add_capabilities(uint64_t set, struct json_object *process);

/* A size of 0 is not known. */
void oci_add_console(bool tty, unsigned rows, unsigned columns, struct json_object *process);
