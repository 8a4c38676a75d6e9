/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources.cpu, but for its cpus and mems. 0 means "not given" for all but idle and burst, as in runc; a negative
 * quota is no limit.
 * Sources: config-linux.md, "CPU"; cgroup-v2.rst, "CPU"; Documentation/scheduler/sched-bwc.rst, sched-rt-group.rst.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "base/str.h"
#include "runtime/cgroup-internal.h"

/* The kernel's bounds (sched-bwc.rst, "Management"), told before it says EINVAL. */
enum { PERIOD_MIN_US = 1000, PERIOD_MAX_US = 1000000, QUOTA_MIN_US = 1000 };

static bool cpu_wanted(const struct spec_resources *resources)
{
	return optional_u64_is_nonzero(&resources->cpu.shares) || optional_u64_is_nonzero(&resources->cpu.period) ||
	       optional_is_nonzero(&resources->cpu.quota) || resources->cpu.burst.set || resources->cpu.idle.set ||
	       optional_u64_is_nonzero(&resources->cpu.realtime_period) ||
	       optional_is_nonzero(&resources->cpu.realtime_runtime);
}

static int cpu_check(const struct spec_resources *resources, const struct cgroup_tree *tree, struct error *err)
{
	uint64_t period = resources->cpu.period.value;
	int64_t quota = resources->cpu.quota.value, idle = resources->cpu.idle.value;
	if (optional_u64_is_nonzero(&resources->cpu.period) && (period < PERIOD_MIN_US || period > PERIOD_MAX_US))
		return err_set(err, ERR_CPU, "CPU period of %" PRIu64 " us is out of range, %d to %d", period,
			       PERIOD_MIN_US, PERIOD_MAX_US);
	if (resources->cpu.quota.set && quota > 0 && quota < QUOTA_MIN_US)
		return err_set(err, ERR_CPU, "CPU quota of %" PRId64 " us is less than %d", quota, QUOTA_MIN_US);
	if (resources->cpu.quota.set && quota > 0 && resources->cpu.burst.set &&
	    resources->cpu.burst.value > (uint64_t)quota)
		return err_set(err, ERR_CPU, "CPU burst of %" PRIu64 " us is more than the quota, %" PRId64 " us",
			       resources->cpu.burst.value, quota);
	if (resources->cpu.idle.set && idle != 0 && idle != 1)
		return err_set(err, ERR_SPEC, "CPU idle is %" PRId64 ", neither 0 nor 1", idle);
	if (tree->v2 && (optional_u64_is_nonzero(&resources->cpu.realtime_period) ||
			 optional_is_nonzero(&resources->cpu.realtime_runtime)))
		return err_set(err, ERR_UNSUPPORTED, "cgroup v2 has no limit of realtime scheduling");
	return 0;
}

/* A group that is idle has no weight to be set: out of idleness first, into it last. */
static int apply_weight(const struct cgroup_tree *tree, const struct spec_resources *resources, const char *file,
			uint64_t weight, struct error *err)
{
	int r;
	bool idle = resources->cpu.idle.set && resources->cpu.idle.value == 1;
	if (resources->cpu.idle.set && !idle && (r = cgroup_write(tree, "cpu.idle", "0", err)) < 0)
		return r;
	if (weight != 0 && (r = cgroup_writef(tree, file, err, "%" PRIu64, weight)) < 0)
		return r;
	return idle ? cgroup_write(tree, "cpu.idle", "1", err) : 0;
}

/*
 * Two settings of which each may be left out (an empty value). The kernel bounds their quotient by the parent's, and
 * a realtime group's runtime by its period.
 */
static int apply_pair(const struct cgroup_tree *tree, const struct cgroup_setting *first,
		      const struct cgroup_setting *second, struct error *err)
{
	if (first->value[0] && second->value[0])
		return cgroup_write_pair(tree, first, second, err);
	const struct cgroup_setting *only = first->value[0] ? first : second;
	return only->value[0] ? cgroup_write(tree, only->file, only->value, err) : 0;
}

static struct cgroup_setting signed_setting(const char *file, const struct optional_i64 *number)
{
	struct cgroup_setting setting = { .file = file };
	if (optional_is_nonzero(number))
		snprintf(setting.value, sizeof setting.value, "%" PRId64, number->value < 0 ? -1 : number->value);
	return setting;
}

static struct cgroup_setting unsigned_setting(const char *file, const struct optional_u64 *number)
{
	struct cgroup_setting setting = { .file = file };
	if (optional_u64_is_nonzero(number))
		snprintf(setting.value, sizeof setting.value, "%" PRIu64, number->value);
	return setting;
}

/* The kernel keeps burst <= quota at every step: out of the way first, set last. */
static int clear_burst(const struct cgroup_tree *tree, const struct spec_resources *resources, const char *file,
		       struct error *err)
{
	if (!resources->cpu.burst.set)
		return 0;
	int r = file_write_line(tree->fd, file, "0");
	if (r == -ENOENT && resources->cpu.burst.value == 0) /* before Linux 5.14 */
		return 0;
	return r < 0 ? cgroup_write_error(tree, file, "0", r, err) : 0;
}

static int apply_burst(const struct cgroup_tree *tree, const struct spec_resources *resources, const char *file,
		       struct error *err)
{
	if (!optional_u64_is_nonzero(&resources->cpu.burst))
		return 0;
	return cgroup_writef(tree, file, err, "%" PRIu64, resources->cpu.burst.value);
}

static int cpu_apply_v1(const struct cgroup_tree *tree, const struct spec_resources *resources, struct error *err)
{
	uint64_t shares = resources->cpu.shares.set ? resources->cpu.shares.value : 0;
	struct cgroup_setting rt_runtime = signed_setting("cpu.rt_runtime_us", &resources->cpu.realtime_runtime);
	struct cgroup_setting rt_period = unsigned_setting("cpu.rt_period_us", &resources->cpu.realtime_period);
	struct cgroup_setting cfs_period = unsigned_setting("cpu.cfs_period_us", &resources->cpu.period);
	struct cgroup_setting cfs_quota = signed_setting("cpu.cfs_quota_us", &resources->cpu.quota);
	int r;
	if ((r = apply_weight(tree, resources, "cpu.shares", shares, err)) < 0 ||
	    (r = clear_burst(tree, resources, "cpu.cfs_burst_us", err)) < 0 ||
	    (r = apply_pair(tree, &cfs_period, &cfs_quota, err)) < 0 ||
	    (r = apply_burst(tree, resources, "cpu.cfs_burst_us", err)) < 0)
		return r;
	return apply_pair(tree, &rt_period, &rt_runtime, err);
}

/* "QUOTA PERIOD"; the kernel keeps the period if it is left out, but a quota must be named. */
static struct cgroup_setting bandwidth_v2(const struct cgroup_tree *tree, const struct spec_resources *resources)
{
	struct cgroup_setting setting = { .file = "cpu.max" };
	char quota[32] = "", period[32] = "";
	if (optional_u64_is_nonzero(&resources->cpu.period))
		snprintf(period, sizeof period, " %" PRIu64, resources->cpu.period.value);
	if (optional_is_nonzero(&resources->cpu.quota) && resources->cpu.quota.value > 0) {
		snprintf(quota, sizeof quota, "%" PRId64, resources->cpu.quota.value);
	} else if (optional_is_nonzero(&resources->cpu.quota)) {
		str_copy(quota, sizeof quota, "max");
	} else if (period[0]) {
		if (file_read_line(tree->fd, setting.file, quota, sizeof quota) <= 0)
			str_copy(quota, sizeof quota, "max");
		quota[strcspn(quota, " ")] = '\0';
	}
	snprintf(setting.value, sizeof setting.value, "%.20s%.20s", quota, period);
	return setting;
}

static int cpu_apply_v2(const struct cgroup_tree *tree, const struct spec_resources *resources, struct error *err)
{
	uint64_t shares = resources->cpu.shares.set ? resources->cpu.shares.value : 0;
	struct cgroup_setting max = bandwidth_v2(tree, resources);
	int r;
	if ((r = apply_weight(tree, resources, "cpu.weight", cgroup_weight_of_shares(shares), err)) < 0 ||
	    (r = clear_burst(tree, resources, "cpu.max.burst", err)) < 0 ||
	    (max.value[0] && (r = cgroup_write(tree, max.file, max.value, err)) < 0))
		return r;
	return apply_burst(tree, resources, "cpu.max.burst", err);
}

const struct cgroup_controller cgroup_controller_cpu = {
	.v1_name = "cpu",
	.v2_name = "cpu",
	.what = "the CPU limit",
	.wanted = cpu_wanted,
	.check = cpu_check,
	.apply_v1 = cpu_apply_v1,
	.apply_v2 = cpu_apply_v2,
};
