/* SPDX-License-Identifier: Apache-2.0 */
/* Other limits for a cgroup that has some, and processes. */
#include "runtime/cgroup-internal.h"

/*
 * The limit of memory and swap together stays what it is until it is named: v1 keeps it as such, but v2 has one for swap
 * alone, to which a new limit of memory would be added.
 */
static void keep_sum(const struct cgroup *cgroup, struct spec_resources *resources)
{
	const struct cgroup_tree *tree = cgroup_v2_tree(cgroup);
	const struct optional_i64 *limit = &resources->memory.limit;
	uint64_t memory, swap, sum;
	if (cgroup_v1_tree(cgroup, "memory") || !tree || !limit->set || limit->value <= 0 ||
	    optional_is_nonzero(&resources->memory.swap))
		return;
	if (!cgroup_read_u64(tree, "memory.max", &memory) || !cgroup_read_u64(tree, "memory.swap.max", &swap) ||
	    __builtin_add_overflow(memory, swap, &sum) || sum == 0 || sum > INT64_MAX)
		return;
	resources->memory.swap = (struct optional_i64){ true, (int64_t)sum };
}

/* The same sum changed alone: what is the memory's part of it, must be said to whoever does not see the cgroup. */
static void name_memory(const struct cgroup *cgroup, struct spec_resources *resources)
{
	const struct cgroup_tree *tree = cgroup_v2_tree(cgroup);
	uint64_t memory;
	if (cgroup_v1_tree(cgroup, "memory") || !tree || optional_is_nonzero(&resources->memory.limit) ||
	    !optional_is_nonzero(&resources->memory.swap) || !cgroup_read_u64(tree, "memory.max", &memory))
		return;
	if (memory <= INT64_MAX)
		resources->memory.limit = (struct optional_i64){ true, (int64_t)memory };
}

struct spec_resources cgroup_changes(const struct cgroup *cgroup, const struct spec_resources *resources)
{
	struct spec_resources changed = *resources; /* shares the arrays */
	/* Callers send what they got at creation along with what is new; nobody changes devices in this way. */
	changed.device_rules = NULL;
	changed.n_device_rules = 0;
	keep_sum(cgroup, &changed);
	name_memory(cgroup, &changed);
	return changed;
}
