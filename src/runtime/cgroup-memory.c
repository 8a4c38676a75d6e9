/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources.memory. Its "swap" is memory and swap together, which is v1's memsw; v2 limits swap alone. 0 means
 * "not given" for all but swappiness, as in runc; -1 is no limit.
 * Sources: config-linux.md, "Memory"; Documentation/admin-guide/cgroup-v1/memory.rst and cgroup-v2.rst, "Memory".
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "runtime/cgroup-internal.h"

static bool memory_wanted(const struct spec_resources *resources)
{
	return optional_is_nonzero(&resources->memory.limit) || optional_is_nonzero(&resources->memory.reservation) ||
	       optional_is_nonzero(&resources->memory.swap) || optional_is_nonzero(&resources->memory.kernel) ||
	       optional_is_nonzero(&resources->memory.kernel_tcp) || resources->memory.swappiness.set ||
	       resources->memory.disable_oom_killer || resources->memory.use_hierarchy;
}

/* What v2 cannot do is an error, for the specification wants no limit to be dropped in silence. */
static int check_v2(const struct spec_resources *resources, struct error *err)
{
	if (resources->memory.kernel_tcp.set && resources->memory.kernel_tcp.value > 0)
		return err_set(err, ERR_UNSUPPORTED, "cgroup v2 has no limit of kernel TCP memory alone");
	if (resources->memory.swappiness.set)
		return err_set(err, ERR_UNSUPPORTED, "cgroup v2 has no swappiness of a container's own");
	if (resources->memory.disable_oom_killer)
		return err_set(err, ERR_UNSUPPORTED, "cgroup v2 cannot disable the OOM killer");
	return 0;
}

/* v2 would start to kill where v1 refuses. */
static int check_usage(const struct cgroup_tree *tree, const struct spec_resources *resources, struct error *err)
{
	uint64_t usage;
	int64_t limit = resources->memory.limit.value;
	if (!resources->memory.check_before_update || !resources->memory.limit.set || limit <= 0 ||
	    !cgroup_read_u64(tree, "memory.current", &usage) || usage <= (uint64_t)limit)
		return 0;
	err_set(err, ERR_BUSY, "set the memory limit to %" PRId64 ": more is in use", limit);
	err_cause(err, "memory.current is %" PRIu64, usage);
	return -ERR_BUSY;
}

static int memory_check(const struct spec_resources *resources, const struct cgroup_tree *tree, struct error *err)
{
	int64_t limit = resources->memory.limit.value, swap = resources->memory.swap.value;
	bool both = optional_is_nonzero(&resources->memory.limit) && optional_is_nonzero(&resources->memory.swap);
	if (both && limit < 0 && swap > 0)
		return err_set(err, ERR_SPEC, "a limit of memory and swap needs a limit of memory");
	if (both && swap > 0 && swap < limit)
		return err_set(err, ERR_SPEC,
			       "the limit of memory and swap (%" PRId64 ") is less than that of memory (%" PRId64 ")",
			       swap, limit);
	if (resources->memory.swappiness.set && resources->memory.swappiness.value > 100)
		return err_set(err, ERR_SPEC, "swappiness %" PRIu64 " is out of range, 0 to 100",
			       resources->memory.swappiness.value);
	if (!tree->v2)
		return 0;
	int r = check_v2(resources, err);
	return r < 0 ? r : check_usage(tree, resources, err);
}

/* "max" for no limit is v2's word; v1 takes -1. */
static struct cgroup_setting byte_setting(const char *file, int64_t bytes, bool v2)
{
	struct cgroup_setting setting = { .file = file };
	if (bytes < 0)
		str_copy(setting.value, sizeof setting.value, v2 ? "max" : "-1");
	else
		snprintf(setting.value, sizeof setting.value, "%" PRId64, bytes);
	return setting;
}

static int write_bytes(const struct cgroup_tree *tree, const char *file, const struct optional_i64 *bytes,
		       struct error *err)
{
	if (!optional_is_nonzero(bytes))
		return 0;
	struct cgroup_setting setting = byte_setting(file, bytes->value, tree->v2);
	return cgroup_write(tree, file, setting.value, err);
}

/* An unlimited memory with nothing said about swap means that both are unlimited. */
static struct optional_i64 effective_swap(const struct spec_resources *resources)
{
	if (resources->memory.limit.set && resources->memory.limit.value < 0 &&
	    !optional_is_nonzero(&resources->memory.swap))
		return (struct optional_i64){ true, -1 };
	return resources->memory.swap;
}

static int explain_no_swap(const struct cgroup_tree *tree, const char *file, struct error *err)
{
	err_set(err, ERR_CG_CTRL, "apply the swap limit: this kernel does not count swap");
	err_cause(err, "'%s' has no %s", tree->mount_point, file);
	err_hint(err, "boot with swapaccount=1, or run without a swap limit");
	return -ERR_CG_CTRL;
}

static int apply_limits_v1(const struct cgroup_tree *tree, const struct spec_resources *resources, struct error *err)
{
	static const char limit_file[] = "memory.limit_in_bytes", swap_file[] = "memory.memsw.limit_in_bytes";
	struct optional_i64 swap = effective_swap(resources);
	if (optional_is_nonzero(&swap) && !cgroup_has_file(tree, swap_file)) {
		if (swap.value > 0)
			return explain_no_swap(tree, swap_file, err);
		swap.set = false;
	}
	if (!optional_is_nonzero(&swap))
		return write_bytes(tree, limit_file, &resources->memory.limit, err);
	if (!optional_is_nonzero(&resources->memory.limit))
		return write_bytes(tree, swap_file, &swap, err);
	/* The kernel keeps memory <= memsw at every step: down with memory first, up with memsw first. */
	struct cgroup_setting limit_setting = byte_setting(limit_file, resources->memory.limit.value, false);
	struct cgroup_setting swap_setting = byte_setting(swap_file, swap.value, false);
	return cgroup_write_pair(tree, &limit_setting, &swap_setting, err);
}

/* Since Linux 5.16 kernel memory is a part of memory and nothing else, as it always was in v2. */
static void ignore_kernel_memory(const struct spec_resources *resources)
{
	if (optional_is_nonzero(&resources->memory.kernel))
		log_warn("the limit of kernel memory is ignored: it counts as memory");
}

static int memory_apply_v1(const struct cgroup_tree *tree, const struct spec_resources *resources, struct error *err)
{
	int r;
	ignore_kernel_memory(resources);
	if ((resources->memory.use_hierarchy && (r = cgroup_write(tree, "memory.use_hierarchy", "1", err)) < 0) ||
	    (r = apply_limits_v1(tree, resources, err)) < 0 ||
	    (r = write_bytes(tree, "memory.soft_limit_in_bytes", &resources->memory.reservation, err)) < 0 ||
	    (r = write_bytes(tree, "memory.kmem.tcp.limit_in_bytes", &resources->memory.kernel_tcp, err)) < 0)
		return r;
	if (resources->memory.swappiness.set &&
	    (r = cgroup_writef(tree, "memory.swappiness", err, "%" PRIu64, resources->memory.swappiness.value)) < 0)
		return r;
	return resources->memory.disable_oom_killer ? cgroup_write(tree, "memory.oom_control", "1", err) : 0;
}

/* memory.swap.max for the OCI's sum of both, given the memory limit that is set or already in force. */
static int swap_alone(const struct cgroup_tree *tree, const struct spec_resources *resources, int64_t both,
		      int64_t *ret, struct error *err)
{
	uint64_t memory = (uint64_t)resources->memory.limit.value;
	if (both < 0) {
		*ret = -1;
		return 0;
	}
	if (!optional_is_nonzero(&resources->memory.limit) && !cgroup_read_u64(tree, "memory.max", &memory))
		return err_set(err, ERR_SPEC, "a limit of memory and swap needs a limit of memory");
	if (memory > (uint64_t)both)
		return err_set(err, ERR_SPEC,
			       "the limit of memory and swap (%" PRId64 ") is less than that of memory (%" PRIu64 ")",
			       both, memory);
	*ret = both - (int64_t)memory;
	return 0;
}

static int apply_swap_v2(const struct cgroup_tree *tree, const struct spec_resources *resources, struct error *err)
{
	static const char file[] = "memory.swap.max";
	struct optional_i64 both = effective_swap(resources);
	int64_t bytes = 0;
	if (!optional_is_nonzero(&both))
		return 0;
	int r = swap_alone(tree, resources, both.value, &bytes, err);
	if (r < 0)
		return r;
	struct cgroup_setting setting = byte_setting(file, bytes, true);
	r = file_write_line(tree->fd, file, setting.value);
	if (r == -ENOENT)
		return bytes < 0 ? 0 : explain_no_swap(tree, file, err);
	return r < 0 ? cgroup_write_error(tree, file, setting.value, r, err) : 0;
}

static int memory_apply_v2(const struct cgroup_tree *tree, const struct spec_resources *resources, struct error *err)
{
	int r;
	ignore_kernel_memory(resources);
	if ((r = apply_swap_v2(tree, resources, err)) < 0 ||
	    (r = write_bytes(tree, "memory.max", &resources->memory.limit, err)) < 0)
		return r;
	return write_bytes(tree, "memory.low", &resources->memory.reservation, err);
}

const struct cgroup_controller cgroup_controller_memory = {
	.v1_name = "memory",
	.v2_name = "memory",
	.what = "the memory limit",
	.wanted = memory_wanted,
	.check = memory_check,
	.apply_v1 = memory_apply_v1,
	.apply_v2 = memory_apply_v2,
};
