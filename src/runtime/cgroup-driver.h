/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who makes a container's cgroup: we, in the file system of cgroups; or systemd, as a scope that we ask it for. The
 * scope comes with its first process, so the one is there before the container's process is, and the other after.
 *
 * The operations in the order of a container's life; those that a driver has nothing to do in are NULL.
 */
#pragma once

#include "runtime/container.h"

struct cgroup_protection {
	uint64_t min, low; /* bytes; UINT64_MAX is no bound */
};

struct cgroup_driver {
	const char *name;

	/* Fill in cgroup_path and unit of @container, which go on record before anything is made. */
	int (*plan)(const struct container_create_options *options, struct container *container, struct error *err);

	/* Before there is a process. */
	int (*make)(const struct container_create_options *options, const struct container *container,
		    struct cgroup **ret, struct error *err);

	/* The process is there (container->pid), does nothing yet, and is in no cgroup of its own. */
	int (*enter)(const struct container_create_options *options, const struct container *container,
		     struct cgroup *cgroup, struct error *err);

	/* Before other limits are written: @changes as cgroup_changes() gives them, and cgroup_check() has checked. */
	int (*update)(const struct container *container, const struct spec_resources *changes, struct error *err);

	/* What memory of the slice @name is protected; NULL: whoever has the directory writes it there. */
	int (*protect_slice)(const char *name, const struct cgroup_protection *protection, struct error *err);

	/* After all processes are dead, and whatever is there by then: the directories that remain are not its concern. */
	int (*destroy)(const struct container *container, struct error *err);
};

extern const struct cgroup_driver cgroup_driver_cgroupfs, cgroup_driver_none, cgroup_driver_systemd;

const struct cgroup_driver *cgroup_driver_for(enum cgroup_manager manager);

/* Of a container that exists, whatever is asked for today. */
const struct cgroup_driver *cgroup_driver_of(const struct container *container);

/*
 * --- cgroup-protection.c ---
 *
 * The container's own cgroup has come, gone, or changed: pass on to its parent how much memory is not to be reclaimed. A
 * warning says what does not count because of what is above.
 */
void cgroup_protection_changed(const struct container *container);

/*
 * The resources of a new container: as config.json has them, and devices that each has in addition to those that it
 * allows. Only the device rules are new, and the caller's to free.
 */
struct spec_resources cgroup_driver_resources(const struct spec *spec);
void cgroup_driver_resources_done(struct spec_resources *resources);
#define _cleanup_driver_resources_ _cleanup_(cgroup_driver_resources_done)
