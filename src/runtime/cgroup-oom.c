/* SPDX-License-Identifier: Apache-2.0 */
/* What the memory controller counted. Sources: cgroup-v2.rst, "Memory"; cgroup-v1/memory.rst. */
#include "runtime/cgroup-internal.h"

/* v1 shows "no limit" as the largest number of whole pages in 63 bits, whatever the page size. */
static const uint64_t V1_UNLIMITED = INT64_MAX & ~(uint64_t)0xffff;

static void read_number(const struct cgroup_tree *tree, const char *file, struct optional_u64 *ret)
{
	ret->set = cgroup_read_u64(tree, file, &ret->value);
}

static void read_key(const struct cgroup_tree *tree, const char *file, const char *key, struct optional_u64 *ret)
{
	ret->set = cgroup_read_key(tree, file, key, &ret->value);
}

static void read_v1(const struct cgroup_tree *tree, struct cgroup_oom *oom)
{
	read_key(tree, "memory.oom_control", "oom_kill", &oom->oom_kill);
	read_number(tree, "memory.limit_in_bytes", &oom->limit);
	if (oom->limit.value >= V1_UNLIMITED)
		oom->limit.set = false;
	read_number(tree, "memory.max_usage_in_bytes", &oom->peak);
}

static void read_v2(const struct cgroup_tree *tree, struct cgroup_oom *oom)
{
	read_key(tree, "memory.events", "oom", &oom->oom);
	read_key(tree, "memory.events", "oom_kill", &oom->oom_kill);
	read_key(tree, "memory.events", "oom_group_kill", &oom->oom_group_kill);
	read_number(tree, "memory.max", &oom->limit);
	read_number(tree, "memory.peak", &oom->peak);
}

int cgroup_read_oom(struct cgroup *cgroup, struct cgroup_oom *ret, struct error *err)
{
	struct cgroup_oom oom = { 0 };
	const struct cgroup_tree *v1 = cgroup_v1_tree(cgroup, "memory"), *v2 = cgroup_v2_tree(cgroup);
	if (v1)
		read_v1(v1, &oom);
	else if (v2)
		read_v2(v2, &oom);
	*ret = oom;
	return 0;
}
