/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "linux.intelRdt": shares of caches and of memory bandwidth, by the kernel's resctrl file system, whose directories are
 * groups of processes. @root is its mount point everywhere.
 * Sources: config-linux.md, "IntelRdt"; Documentation/filesystems/resctrl.rst.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "runtime/spec.h"

/* Where a container's processes are, below the root. Zero-initialised: nowhere. */
struct resctrl_place {
	char *group;	/* "." for the root's own; NULL: nowhere */
	char *monitor;	/* of its processes alone, or NULL */
	bool own_group; /* made for the container, and to be removed with it */
};

void resctrl_place_done(struct resctrl_place *place);

/* The mount point, as an fd, by @proc (procfs_open()). Errors: ERR_UNSUPPORTED if there is none. */
int resctrl_open(int proc, struct error *err);

/*
 * Make, check and set the groups that @rdt wants for the container @id. On failure nothing of ours is left.
 * Errors: ERR_SPEC (a group that is not there, or is set otherwise), ERR_SYSTEM with what the kernel says.
 */
int resctrl_prepare(int root, const struct spec_intel_rdt *rdt, const char *id, struct resctrl_place *ret,
		    struct error *err);

/* Put @pid there. Its children follow it. */
int resctrl_join(int root, const struct resctrl_place *place, pid_t pid, struct error *err);

/* Remove what is the container's own. Goes on after a failure, and returns the first. */
int resctrl_remove(int root, const struct resctrl_place *place, struct error *err);
