/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this machine has of cgroups, and what follows from the version of each controller.
 *
 * Sources: cgroup-v2.rst; cgroup-v1/{cpusets,memory,blkio-controller,devices,freezer-subsystem}.rst.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/cgroup-place.h"
#include "engine/engine.h"
#include "runtime/cgroup.h"

static const char *const CONTROLLERS[] = { "cpu",     "cpuset", "memory", "io",	  "pids",
					   "hugetlb", "rdma",	"misc",	  "devices", "freezer" };

/* Also one beside trees of v1, which has no controllers then. */
#define ANY_V2_TREE ""

/* With the controller whose version decides; NULL: that of the whole layout. */
static const struct difference {
	const char *what, *controller, *v1, *v2;
} DIFFERENCES[] = {
	{ "Hierarchy", NULL, "a tree for each controller", "one tree for all" },
	{ "Processes", NULL, "in any group", "in groups without others below" },
	{ "Ordinary users", NULL, "cannot be given a part safely", "have what is delegated to them" },
	{ "Memory limit", "memory", "memory.limit_in_bytes", "memory.max" },
	{ "Swap", "memory", "memory.memsw.limit_in_bytes, with memory", "memory.swap.max, alone" },
	{ "Slower before the limit", "memory", "no", "memory.high" },
	{ "Promise of memory", "memory", "a hint: memory.soft_limit_in_bytes", "memory.min, memory.low" },
	{ "Kill as a whole", "memory", "no", "memory.oom.group" },
	{ "CPU limit", "cpu", "cpu.cfs_quota_us of cpu.cfs_period_us", "cpu.max" },
	{ "CPU share", "cpu", "cpu.shares, 2 to 262144", "cpu.weight, 1 to 10000" },
	{ "Disk limits", "io", "blkio.throttle.*, for direct I/O", "io.max, also for what is written back" },
	{ "Processes limit", "pids", "pids.max", "pids.max" },
	{ "Devices", NULL, "devices.allow, devices.deny", "a BPF program" },
	{ "Pause", NULL, "freezer.state", "cgroup.freeze" },
	{ "Pressure", ANY_V2_TREE, "of the whole machine only", "of each container" },
};

static const char *version_of(const char *controller)
{
	if (streq_null(controller, ANY_V2_TREE))
		return cgroup_layout() >= CGROUP_LAYOUT_HYBRID ? "v2" : cgroup_layout() == CGROUP_LAYOUT_V1 ? "v1" : NULL;
	if (!controller)
		return cgroup_layout() == CGROUP_LAYOUT_V2 ? "v2" : cgroup_layout() == CGROUP_LAYOUT_NONE ? NULL : "v1";
	return !cgroup_is_available(controller) ? NULL : cgroup_is_v1(controller) ? "v1" : "v2";
}

/* v2 has these in every group, and no controllers for them. */
static bool is_core(const char *controller)
{
	return cgroup_layout() == CGROUP_LAYOUT_V2 && (streq(controller, "devices") || streq(controller, "freezer"));
}

static void add_controllers(struct json_object *info)
{
	struct json_object *list = json_add_array(info, "Controllers");
	for (size_t i = 0; i < ARRAY_SIZE(CONTROLLERS); i++) {
		if (is_core(CONTROLLERS[i]))
			continue;
		struct json_object *one = json_object_new_object();
		json_add_string(one, "Name", CONTROLLERS[i]);
		json_add_string(one, "Version", version_of(CONTROLLERS[i]));
		json_add_string(one, "Tree", cgroup_place_of(CONTROLLERS[i]));
		json_object_array_add(list, one);
	}
}

static void add_differences(struct json_object *info)
{
	struct json_object *list = json_add_array(info, "Differences");
	for (size_t i = 0; i < ARRAY_SIZE(DIFFERENCES); i++) {
		struct json_object *one = json_object_new_object();
		json_add_string(one, "Name", DIFFERENCES[i].what);
		json_add_string(one, "V1", DIFFERENCES[i].v1);
		json_add_string(one, "V2", DIFFERENCES[i].v2);
		json_add_string(one, "Here", version_of(DIFFERENCES[i].controller));
		json_object_array_add(list, one);
	}
}

struct json_object *engine_cgroup_info(struct engine *engine)
{
	struct json_object *info = json_object_new_object();
	json_add_string(info, "Layout", cgroup_layout_name(cgroup_layout()));
	json_add_string(info, "Driver", cgroup_place_name(engine));
	add_controllers(info);
	add_differences(info);
	return info;
}
