/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources.network: marks on the packets of a cgroup, which v1 has two controllers for.
 * Source: config-linux.md, "Network"; Documentation/admin-guide/cgroup-v1/net_cls.rst, net_prio.rst.
 */
#include <inttypes.h>

#include "runtime/cgroup-internal.h"

static bool class_wanted(const struct spec_resources *resources)
{
	return resources->network.class_id.set;
}

static int class_apply(const struct cgroup_tree *tree, const struct spec_resources *resources, struct error *err)
{
	return cgroup_writef(tree, "net_cls.classid", err, "%" PRIu64, resources->network.class_id.value);
}

const struct cgroup_controller cgroup_controller_net_cls = {
	.v1_name = "net_cls",
	.what = "the class of network packets",
	.wanted = class_wanted,
	.apply_v1 = class_apply,
};

static bool priorities_wanted(const struct spec_resources *resources)
{
	return resources->network.n_priorities > 0;
}

static int priorities_apply(const struct cgroup_tree *tree, const struct spec_resources *resources, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < resources->network.n_priorities; i++) {
		const struct spec_network_priority *priority = &resources->network.priorities[i];
		r = cgroup_writef(tree, "net_prio.ifpriomap", err, "%s %" PRIu32, priority->interface,
				  priority->priority);
	}
	return r;
}

const struct cgroup_controller cgroup_controller_net_prio = {
	.v1_name = "net_prio",
	.what = "the priority of network packets",
	.wanted = priorities_wanted,
	.apply_v1 = priorities_apply,
};
