/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/limit-options.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"

/* --- Values of flags --- */

static int parse_cpus(const char *value, void *field, struct error *err)
{
	return parse_nano(value, INT64_MAX, field, err);
}

static int parse_cpu_shares(const char *value, void *field, struct error *err)
{
	return parse_u64(value, UINT32_MAX, field, err);
}

static int parse_pids_limit(const char *value, void *field, struct error *err)
{
	return parse_i64(value, -1, INT64_MAX, field, err);
}

static int parse_memory_swap(const char *value, void *field, struct error *err)
{
	if (streq(value, "-1")) {
		*(int64_t *)field = -1;
		return 0;
	}
	uint64_t bytes;
	int r = parse_size(value, &bytes, err);
	if (r < 0)
		return r;
	*(int64_t *)field = (int64_t)bytes; /* parse_size() gives no more than that holds */
	return 0;
}

static int parse_number(const char *value, void *field, struct error *err)
{
	return parse_i64(value, INT64_MIN, INT64_MAX, field, err);
}

static int parse_period(const char *value, void *field, struct error *err)
{
	return parse_u64(value, INT64_MAX, field, err);
}

static int parse_reservation(const char *value, void *field, struct error *err)
{
	uint64_t bytes;
	int r = parse_size(value, &bytes, err);
	if (r >= 0)
		*(int64_t *)field = (int64_t)bytes;
	return r;
}

static int parse_swappiness(const char *value, void *field, struct error *err)
{
	struct container_spec *spec = field;
	int64_t swappiness;
	int r = parse_i64(value, -1, INT64_MAX, &swappiness, err);
	if (r < 0)
		return r;
	spec->has_swappiness = swappiness >= 0;
	spec->swappiness = swappiness < 0 ? 0 : (uint64_t)swappiness;
	return 0;
}

/* The kernel takes 0 for some of them, but not to say is the same. */
static int parse_weight(const char *value, void *field, struct error *err)
{
	uint64_t weight;
	int r = parse_u64(value, UINT32_MAX, &weight, err);
	if (r < 0)
		return r;
	if (weight == 0)
		return err_set(err, ERR_USAGE, "a weight is more than 0");
	*(uint64_t *)field = weight;
	return 0;
}

static int parse_idle(const char *value, void *field, struct error *err)
{
	bool idle;
	int r = parse_bool(value, &idle, err);
	if (r >= 0)
		*(int64_t *)field = idle ? 1 : -1;
	return r;
}

/* "on-failure:3". Which words there are is the engine's to say. */
static int parse_restart(const char *value, void *field, struct error *err)
{
	struct container_spec *spec = field;
	size_t len = strcspn(value, ":");
	const char *count = value[len] ? value + len + 1 : "";
	int64_t max = 0;
	if (len == 0 && value[0])
		return err_set(err, ERR_USAGE, "invalid restart policy format: no policy provided before colon");
	if (*count && parse_i64(count, INT32_MIN, INT32_MAX, &max, NULL) < 0)
		return err_set(err, ERR_USAGE, "invalid restart policy format: maximum retry count must be an integer");
	free(spec->restart_policy);
	spec->restart_policy = mem_strndup(value, len);
	spec->restart_max = max;
	return 0;
}

static const char *const RESTART_POLICIES[] = { "no", "on-failure", "always", "unless-stopped", NULL };

/* What every struct that the rows fill begins with. */
typedef struct {
	struct container_spec spec;
} self;

const struct option LIMIT_OPTIONS[] = {
	OPT_PARSED(self, spec.blkio_weight, parse_weight, 0, "blkio-weight", "int",
		   "Share of what disks can do, among those that want it (10 to 1000)"),
	OPT_LIST(self, spec.blkio_weight_device, 0, "blkio-weight-device", "The same for one disk: PATH:WEIGHT"),
	OPT_LIST(self, spec.cgroup_conf, 0, "cgroup-conf", "Write a value to a file of its control group: FILE=VALUE"),
	OPT_PARSED(self, spec.cpu_burst_us, parse_period, 0, "cpu-burst", "int",
		   "CPU time in microseconds that it may save up, and use beyond its limit"),
	OPT_PARSED(self, spec.cpu_idle, parse_idle, 0, "cpu-idle", "0|1",
		   "Let it have CPUs only when nobody else wants them"),
	OPT_PARSED(self, spec.cpu_period_us, parse_period, 0, "cpu-period", "int",
		   "Length of a CFS period in microseconds"),
	OPT_PARSED(self, spec.cpu_quota_us, parse_number, 0, "cpu-quota", "int",
		   "CPU time in a CFS period in microseconds"),
	OPT_PARSED(self, spec.cpu_rt_period_us, parse_period, 0, "cpu-rt-period", "int",
		   "Length of a period of realtime scheduling in microseconds (cgroup v1)"),
	OPT_PARSED(self, spec.cpu_rt_runtime_us, parse_number, 0, "cpu-rt-runtime", "int",
		   "CPU time for realtime scheduling in such a period in microseconds (cgroup v1)"),
	OPT_PARSED(self, spec.cpu_shares, parse_cpu_shares, 'c', "cpu-shares", "int", "CPU shares (relative weight)"),
	OPT_PARSED(self, spec.cpu_weight, parse_weight, 0, "cpu-weight", "int",
		   "The same as cgroup v2 counts it (1 to 10000; 100 is everybody's)"),
	OPT_PARSED(self, spec.cpus_nano, parse_cpus, 0, "cpus", "decimal", "Number of CPUs"),
	OPT_STRING(self, spec.cpuset_cpus, 0, "cpuset-cpus", "string", "CPUs on which it may run (0-3, 0,1)"),
	OPT_STRING(self, spec.cpuset_mems, 0, "cpuset-mems", "string", "Memory nodes that it may use (0-3, 0,1)"),
	OPT_LIST(self, spec.device_read_bps, 0, "device-read-bps", "Bytes a second read from a disk: PATH:BYTES"),
	OPT_LIST(self, spec.device_read_iops, 0, "device-read-iops", "Reads a second from a disk: PATH:NUMBER"),
	OPT_LIST(self, spec.device_write_bps, 0, "device-write-bps", "Bytes a second written to a disk: PATH:BYTES"),
	OPT_LIST(self, spec.device_write_iops, 0, "device-write-iops", "Writes a second to a disk: PATH:NUMBER"),
	OPT_SIZE(self, spec.memory, 'm', "memory", "Memory limit"),
	OPT_PARSED(self, spec.memory_high, parse_memory_swap, 0, "memory-high", "bytes",
		   "Slow it down beyond this much memory, before its limit (cgroup v2); '-1' for no bound"),
	OPT_PARSED(self, spec.memory_low, parse_memory_swap, 0, "memory-low", "bytes",
		   "Memory that it is left as long as others have some to give (cgroup v2)"),
	OPT_PARSED(self, spec.memory_min, parse_memory_swap, 0, "memory-min", "bytes",
		   "Memory that is never taken from it (cgroup v2)"),
	OPT_PARSED(self, spec.memory_reservation, parse_reservation, 0, "memory-reservation", "bytes",
		   "What it is left when memory is short"),
	OPT_PARSED(self, spec.memory_swap, parse_memory_swap, 0, "memory-swap", "bytes",
		   "Limit of memory and swap together: '-1' for unlimited swap"),
	OPT_PARSED(self, spec, parse_swappiness, 0, "memory-swappiness", "int",
		   "How willingly its memory is swapped out (0 to 100) (default -1: as the host's)"),
	OPT_PARSED(self, spec.pids_limit, parse_pids_limit, 0, "pids-limit", "int",
		   "Limit the number of processes (-1 for unlimited)"),
	OPT_PARSED(self, spec, parse_restart, 0, "restart", "string",
		   "When to start it again (\"no\", \"on-failure[:MAX]\", \"always\", \"unless-stopped\")",
		   .choices = RESTART_POLICIES),
	OPT_REFUSED(0, "kernel-memory", "kernels have no such limit any more"),
	OPT_END,
};

static const char *const CGROUPS[] = { "enabled", "disabled", NULL };

static const char *const QOS[] = { "guaranteed", "burstable", "besteffort", NULL };

const struct option CGROUP_OPTIONS[] = {
	OPT_STRING(self, spec.cgroup_parent, 0, "cgroup-parent", "string",
		   "Control group or slice that the container's is made in"),
	OPT_BOOL(self, spec.cgroups_best_effort, 0, "cgroups-best-effort",
		 "Go without limits whose controllers this machine lacks, and say which"),
	OPT_STRING(self, spec.cgroups_mode, 0, "cgroups", "string",
		   "Whether it gets a control group of its own (\"enabled\", \"disabled\") (default \"enabled\")",
		   .choices = CGROUPS),
	OPT_LIST(
		self, spec.pressure_notify, 0, "pressure-notify",
		"Record an event when it is stalled for want of \"cpu\", \"memory\" or \"io\": WHAT[:some|full[:STALL/WINDOW]]"),
	OPT_STRING(self, spec.qos, 0, "qos", "string",
		   "What it is promised when there is too little (\"guaranteed\", \"burstable\", \"besteffort\")",
		   .choices = QOS),
	OPT_BOOL(self, spec.oom_group, 0, "oom-group",
		 "Kill all of it, if anything in it is killed for memory (cgroup v2)"),
	OPT_END,
};
