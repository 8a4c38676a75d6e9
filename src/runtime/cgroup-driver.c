/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cgroup-driver.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/util.h"

const struct cgroup_driver *cgroup_driver_for(enum cgroup_manager manager)
{
	static const struct cgroup_driver *const drivers[] = {
		[CGROUP_MANAGER_CGROUPFS] = &cgroup_driver_cgroupfs,
		[CGROUP_MANAGER_SYSTEMD] = &cgroup_driver_systemd,
		[CGROUP_MANAGER_DISABLED] = &cgroup_driver_none,
	};
	return drivers[manager];
}

const struct cgroup_driver *cgroup_driver_of(const struct container *container)
{
	if (*container->unit)
		return &cgroup_driver_systemd;
	return *container->cgroup_path ? &cgroup_driver_cgroupfs : &cgroup_driver_none;
}

/*
 * Rules that forbid devices are meant for the others: those that every container gets (devices.c), terminals, and making
 * nodes that nothing can then be done with stay allowed, as with every runtime.
 */
struct spec_resources cgroup_driver_resources(const struct spec *spec)
{
	static const struct spec_device_rule defaults[] = {
		{ true, 'c', -1, -1, false, false, true }, { true, 'b', -1, -1, false, false, true },
		{ true, 'c', 1, 3, true, true, true },	   { true, 'c', 1, 5, true, true, true },
		{ true, 'c', 1, 7, true, true, true },	   { true, 'c', 1, 8, true, true, true },
		{ true, 'c', 1, 9, true, true, true },	   { true, 'c', 5, 0, true, true, true },
		{ true, 'c', 5, 2, true, true, true },	   { true, 'c', 136, -1, true, true, true },
	};
	struct spec_resources all = spec->resources;
	const struct spec_device_rule *rules = all.device_rules;
	size_t count = all.n_device_rules;
	all.device_rules = NULL;
	if (count == 0)
		return all;
	all.n_device_rules = count + ARRAY_SIZE(defaults);
	all.device_rules = mem_alloc(all.n_device_rules * sizeof *all.device_rules);
	memcpy(all.device_rules, rules, count * sizeof *rules);
	memcpy(all.device_rules + count, defaults, sizeof defaults);
	return all;
}

void cgroup_driver_resources_done(struct spec_resources *resources)
{
	free(resources->device_rules);
}
