/* SPDX-License-Identifier: Apache-2.0 */
/* No cgroup: a container stays where its creator is. */
#include "base/log.h"
#include "base/mem.h"
#include "runtime/cgroup-driver.h"

static int plan(const struct container_create_options *options, struct container *container, struct error *err)
{
	container->cgroup_path = mem_strdup("");
	container->unit = mem_strdup("");
	return 0;
}

/* Whoever wants no cgroup has said that he does without limits; but not, perhaps, that he knows of all. */
static int make(const struct container_create_options *options, const struct container *container, struct cgroup **ret,
		struct error *err)
{
	struct spec_resources limits = options->spec->resources;
	*ret = cgroup_none();
	limits.n_device_rules = 0;
	if (cgroup_apply(*ret, &limits, NULL) < 0)
		log_warn("container '%s' has no cgroup: its limits are left out", options->id);
	return 0;
}

const struct cgroup_driver cgroup_driver_none = {
	.name = "disabled",
	.plan = plan,
	.make = make,
};
