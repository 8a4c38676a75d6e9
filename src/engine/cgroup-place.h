/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a container's control group is, and who makes it: --cgroup-parent, --cgroups, --cgroup-manager.
 *
 *	cgroupfs   PARENT/ID, and without a parent /coffer/ID
 *	systemd    coffer-ID.scope in the slice PARENT, and without one in system.slice; or in coffer.slice, if it is promised
 *	           memory: the runtime protects there what it promises (runtime/cgroup-protection.c)
 *	disabled   none: it stays where its monitor is
 *
 * Source: docs.docker.com/reference/cli/docker/container/run, "--cgroup-parent"; podman-run(1), "--cgroups".
 */
#pragma once

#include "base/error.h"
#include "engine/engine.h"
#include "runtime/container.h"

/*
 * Who makes it: who was asked for, or else systemd where it has brought the machine up and cgroup v2 is all there is, for
 * then the tree is its own; for ordinary users their own service manager, where its bus is there. Errors: ERR_INVALID, ERR_UNSUPPORTED.
 */
int cgroup_place_manager(const struct engine *engine, const struct container_spec *spec, enum cgroup_manager *ret,
			 struct error *err);

/*
 * Whether a container may have its cgroup writable, to divide it, without being able to lift its own limits. Errors:
 * ERR_UNSUPPORTED.
 */
int cgroup_place_check_writable(const struct container_spec *spec, struct error *err);

/* As linux.cgroupsPath of config.json; free() it. */
char *cgroup_place_path(enum cgroup_manager manager, const struct container_spec *spec, const char *id);

/* The one that is asked first, for `info`: "cgroupfs" or "systemd". */
const char *cgroup_place_name(const struct engine *engine);
