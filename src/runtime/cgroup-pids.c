/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources.pids. Source: config-linux.md, "PIDs"; cgroup-v2.rst, "PID". */
#include <inttypes.h>

#include "base/util.h"
#include "runtime/cgroup-internal.h"

static bool pids_wanted(const struct spec_resources *resources)
{
	return resources->pids_limit.set;
}

/*
 * 0 is a value, and means that nobody may fork; but systemd has no such TasksMax, and 1 is the same to a container, so
 * all drivers have 1. Less than 0 is no limit.
 */
static int pids_apply(const struct cgroup_tree *tree, const struct spec_resources *resources, struct error *err)
{
	if (resources->pids_limit.value < 0)
		return cgroup_write(tree, "pids.max", "max", err);
	return cgroup_writef(tree, "pids.max", err, "%" PRId64, MAX(resources->pids_limit.value, INT64_C(1)));
}

const struct cgroup_controller cgroup_controller_pids = {
	.v1_name = "pids",
	.v2_name = "pids",
	.what = "the limit of processes",
	.wanted = pids_wanted,
	.apply_v1 = pids_apply,
	.apply_v2 = pids_apply,
};
