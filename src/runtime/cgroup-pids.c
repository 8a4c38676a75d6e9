/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources.pids. Source: config-linux.md, "PIDs"; cgroup-v2.rst, "PID". */
#include <inttypes.h>

#include "runtime/cgroup-internal.h"

static bool pids_wanted(const struct spec_resources *resources)
{
	return resources->pids_limit.set;
}

static int pids_apply(const struct cgroup_tree *tree, const struct spec_resources *resources, struct error *err)
{
	if (resources->pids_limit.value <= 0)
		return cgroup_write(tree, "pids.max", "max", err);
	return cgroup_writef(tree, "pids.max", err, "%" PRId64, resources->pids_limit.value);
}

const struct cgroup_controller cgroup_controller_pids = {
	.v1_name = "pids",
	.v2_name = "pids",
	.what = "the limit of processes",
	.wanted = pids_wanted,
	.apply_v1 = pids_apply,
	.apply_v2 = pids_apply,
};
