/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of systemd units, and where their cgroups are.
 *
 * Sources: systemd.unit(5), systemd.slice(5); runc's docs/systemd.md for the form of linux.cgroupsPath.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* The scope that a container's processes are in. */
struct systemd_unit {
	char *slice; /* "system.slice" */
	char *name;  /* "docker-1234.scope" */
};
void systemd_unit_done(struct systemd_unit *unit);
#define _cleanup_systemd_unit_ _cleanup_(systemd_unit_done)

/*
 * linux.cgroupsPath in the form "slice:prefix:name"; without one (NULL, "") it is ":coffer-runtime:ID". Without a slice
 * it is system.slice, or user.slice for a user's own service manager. Errors: ERR_SPEC.
 */
int systemd_unit_parse(const char *cgroups_path, const char *id, bool of_user, struct systemd_unit *ret,
		       struct error *err);

/* A slice's cgroup below its manager's: "a-b.slice" is "/a.slice/a-b.slice", "-.slice" is "". Errors: ERR_SPEC. */
int systemd_slice_path(const char *slice, char **ret, struct error *err);
