/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/limits.h"

#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/limits-internal.h"
#include "engine/qos.h"
#include "runtime/capability.h"
#include "runtime/cgroup.h"
#include "runtime/rlimit.h"

enum {
	CPU_PERIOD_MIN_US = 1000, /* source: kernel Documentation/scheduler/sched-bwc.rst */
	CPU_PERIOD_MAX_US = 1000000,
	PER_CENT = 100,
	OOM_SCORE_MAX = 1000, /* source: proc_pid_oom_score_adj(5) */
	MEMORY_MIN = 6 << 20, /* bytes; Docker's, and it is about what a container needs to come into being */
	CPU_PERIOD_US = 100000,
	CPU_SHARES_MIN = 2, /* the kernel's range; what is outside of it becomes its end, as in the kernel */
	CPU_SHARES_MAX = 262144,
	CPU_WEIGHT_MAX = 10000, /* source: cgroup-v2.rst, "cpu.weight" */
	PIDS_MAX = 4194304, /* the kernel's PID_MAX_LIMIT on 64 bits */
};

static const uint64_t NANO = 1000000000, CPU_MIN_NANO = 10000000;

/* --- memory --- */

struct size_text {
	char text[32];
};

static struct size_text mebibytes(uint64_t bytes)
{
	struct size_text size;
	if (bytes >= UINT64_C(1) << 20)
		snprintf(size.text, sizeof size.text, "%" PRIu64 " MiB", bytes >> 20);
	else
		snprintf(size.text, sizeof size.text, "%" PRIu64 " bytes", bytes);
	return size;
}

static void warn_of_more_than_all(uint64_t memory)
{
	struct sysinfo info;
	if (sysinfo(&info) < 0)
		return;
	uint64_t total = (uint64_t)info.totalram * info.mem_unit;
	if (memory > total)
		log_warn("--memory %s is more than this machine has (%s), and limits nothing", mebibytes(memory).text,
			 mebibytes(total).text);
}

static int check_memory(const struct container_spec *spec, struct error *err)
{
	if (spec->memory_swap != 0 && spec->memory == 0)
		return err_set(err, ERR_INVALID,
			       "You should always set the Memory limit when using Memoryswap limit (--memory-swap)");
	if (spec->memory == 0)
		return 0;
	if (spec->memory < MEMORY_MIN) {
		err_set(err, ERR_MEM_MIN, "Minimum memory limit allowed is 6MB (asked %s)", mebibytes(spec->memory).text);
		return err_hint(err, "-m 6m, or more");
	}
	if (spec->memory > INT64_MAX)
		return err_set(err, ERR_INVALID, "--memory %" PRIu64 " is more than any machine has", spec->memory);
	if (spec->memory_swap > 0 && (uint64_t)spec->memory_swap < spec->memory) {
		err_set(err, ERR_INVALID, "Minimum memoryswap limit should be larger than memory limit");
		err_cause(err, "--memory-swap counts memory and swap together: %s, and --memory is %s",
			  mebibytes((uint64_t)spec->memory_swap).text, mebibytes(spec->memory).text);
		return -ERR_INVALID;
	}
	warn_of_more_than_all(spec->memory);
	return 0;
}

static int check_memory_details(const struct container_spec *spec, struct error *err)
{
	if (spec->memory && spec->memory_reservation > 0 && (uint64_t)spec->memory_reservation > spec->memory)
		return err_set(err, ERR_INVALID, "Minimum memory limit can not be less than memory reservation limit");
	if (spec->has_swappiness && spec->swappiness > PER_CENT)
		return err_set(err, ERR_INVALID, "invalid value: %" PRIu64 ", valid memory swappiness range is 0-100",
			       spec->swappiness);
	if (spec->oom_score_adj < -OOM_SCORE_MAX || spec->oom_score_adj > OOM_SCORE_MAX)
		return err_set(err, ERR_INVALID, "Invalid value %" PRId64 ", range for oom score adj is [-1000, 1000]",
			       spec->oom_score_adj);
	if (spec->oom_kill_disable && spec->memory == 0)
		log_warn("--oom-kill-disable without --memory can make the whole machine wait for memory");
	return 0;
}

/* v1 has a file for it if swap is counted; v2 counts it wherever there is swap at all. */
static bool swap_is_counted(void)
{
	if (access("/sys/fs/cgroup/memory/memory.limit_in_bytes", F_OK) == 0)
		return access("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes", F_OK) == 0;
	return access("/proc/swaps", F_OK) == 0;
}

/* As much swap as memory, if nothing else was said. The specification's "swap" is both together. */
static void add_memory(const struct container_spec *spec, struct json_object *resources)
{
	struct json_object *memory = json_object_new_object();
	if (spec->memory)
		json_add_i64(memory, "limit", (int64_t)spec->memory);
	if (spec->memory_swap != 0)
		json_add_i64(memory, "swap", spec->memory_swap);
	else if (spec->memory && spec->memory <= INT64_MAX / 2 && swap_is_counted())
		json_add_i64(memory, "swap", (int64_t)spec->memory * 2);
	if (spec->memory_reservation)
		json_add_i64(memory, "reservation", spec->memory_reservation);
	if (spec->has_swappiness)
		json_add_u64(memory, "swappiness", spec->swappiness);
	if (spec->oom_kill_disable)
		json_add_bool(memory, "disableOOMKiller", true);
	if (json_object_object_length(memory) > 0)
		json_object_object_add(resources, "memory", memory);
	else
		json_object_put(memory);
}

/* --- CPUs --- */

static int check_cpus(const struct container_spec *spec, struct error *err)
{
	if (spec->cpus_nano == 0)
		return 0;
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t max = (uint64_t)MAX(online, 1L);
	if (spec->cpus_nano >= CPU_MIN_NANO && spec->cpus_nano <= max * NANO)
		return 0;
	err_set(err, ERR_CPU, "--cpus: range of CPUs is from 0.01 to %" PRIu64 ".00, as there are only %" PRIu64
			      " CPUs available", max, max);
	return err_cause(err, "%.9g were asked for", (double)spec->cpus_nano / (double)NANO);
}

static int check_cpu_details(const struct container_spec *spec, struct error *err)
{
	bool exact = spec->cpu_period_us || spec->cpu_quota_us;
	if (spec->cpus_nano && exact)
		return err_set(err, ERR_CPU, "Conflicting options: Nano CPUs and CPU %s cannot both be set.",
			       spec->cpu_period_us ? "Period" : "Quota");
	if (spec->cpu_period_us &&
	    (spec->cpu_period_us < CPU_PERIOD_MIN_US || spec->cpu_period_us > CPU_PERIOD_MAX_US))
		return err_set(err, ERR_CPU,
			       "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
	if (spec->cpu_quota_us > 0 && spec->cpu_quota_us < CPU_PERIOD_MIN_US)
		return err_set(err, ERR_CPU, "CPU cfs quota can not be less than 1ms (i.e. 1000)");
	return 0;
}

static int check_cpu_weight(const struct container_spec *spec, struct error *err)
{
	if (spec->cpu_weight > CPU_WEIGHT_MAX)
		return err_set(err, ERR_CPU, "--cpu-weight %" PRIu64 " is out of range: 1 to %d", spec->cpu_weight,
			       CPU_WEIGHT_MAX);
	if (spec->cpu_weight && spec->cpu_shares)
		return err_set(err, ERR_CPU, "--cpu-weight and --cpu-shares say the same thing: only one can be given");
	if (spec->cpu_burst_us && !spec->cpus_nano && spec->cpu_quota_us <= 0)
		return err_set(err, ERR_CPU, "--cpu-burst needs a limit to exceed: --cpus or --cpu-quota");
	if (spec->cpu_rt_runtime_us > 0 && spec->cpu_rt_period_us &&
	    (uint64_t)spec->cpu_rt_runtime_us > spec->cpu_rt_period_us)
		return err_set(err, ERR_CPU, "cpu real-time runtime cannot be higher than cpu real-time period");
	return 0;
}

/* To the scheduler a weight of 100 is 1024 shares, and so on in proportion; v2 takes it as it is (limits-unified.c). */
static uint64_t shares_of(const struct container_spec *spec)
{
	enum { WEIGHT_OF_ALL = 100, SHARES_OF_ALL = 1024 };
	if (spec->cpu_idle > 0) /* the kernel takes no weight then */
		return 0;
	if (spec->cpu_weight && cgroup_is_v1("cpu"))
		return MAX(spec->cpu_weight * SHARES_OF_ALL / WEIGHT_OF_ALL, (uint64_t)CPU_SHARES_MIN);
	uint64_t shares = MIN(spec->cpu_shares, (uint64_t)CPU_SHARES_MAX);
	return spec->cpu_shares ? MAX(shares, (uint64_t)CPU_SHARES_MIN) : 0;
}

static void add_cpus(const struct container_spec *spec, struct json_object *resources)
{
	struct json_object *cpu = json_object_new_object();
	if (shares_of(spec))
		json_add_u64(cpu, "shares", shares_of(spec));
	int64_t quota = spec->cpus_nano ? (int64_t)(spec->cpus_nano * CPU_PERIOD_US / NANO) : spec->cpu_quota_us;
	uint64_t period = spec->cpus_nano ? CPU_PERIOD_US : spec->cpu_period_us;
	if (quota)
		json_add_i64(cpu, "quota", quota);
	if (period)
		json_add_u64(cpu, "period", period);
	if (spec->cpu_burst_us)
		json_add_u64(cpu, "burst", spec->cpu_burst_us);
	if (spec->cpu_idle)
		json_add_i64(cpu, "idle", spec->cpu_idle > 0);
	if (spec->cpu_rt_period_us)
		json_add_u64(cpu, "realtimePeriod", spec->cpu_rt_period_us);
	if (spec->cpu_rt_runtime_us)
		json_add_i64(cpu, "realtimeRuntime", spec->cpu_rt_runtime_us);
	json_add_string(cpu, "cpus", spec->cpuset_cpus);
	json_add_string(cpu, "mems", spec->cpuset_mems);
	if (json_object_object_length(cpu) > 0)
		json_object_object_add(resources, "cpu", cpu);
	else
		json_object_put(cpu);
}

/* --- processes --- */

static int check_pids(const struct container_spec *spec, struct error *err)
{
	if (spec->pids_limit >= -1 && spec->pids_limit <= PIDS_MAX)
		return 0;
	return err_set(err, ERR_INVALID, "--pids-limit %" PRId64 " is out of range: 1 to %d, or -1 for no limit",
		       spec->pids_limit, PIDS_MAX);
}

static void add_pids(const struct container_spec *spec, struct json_object *resources)
{
	if (spec->pids_limit)
		json_add_i64(json_add_object(resources, "pids"), "limit", spec->pids_limit);
}

int limits_check(const struct container_spec *spec, struct error *err)
{
	int r = qos_check(spec, err);
	if (r >= 0)
		r = check_memory(spec, err);
	if (r >= 0)
		r = check_memory_details(spec, err);
	if (r >= 0)
		r = check_cpus(spec, err);
	if (r >= 0)
		r = check_cpu_details(spec, err);
	if (r >= 0)
		r = check_cpu_weight(spec, err);
	if (r >= 0)
		r = check_pids(spec, err);
	if (r >= 0)
		r = limits_check_block(spec, err);
	return r < 0 ? r : limits_check_unified(spec, err);
}

int limits_add(const struct container_spec *spec, struct json_object *resources, struct error *err)
{
	const struct container_spec effective = qos_effective(spec);
	add_memory(&effective, resources);
	add_cpus(&effective, resources);
	add_pids(&effective, resources);
	limits_add_unified(&effective, resources);
	return limits_add_block(&effective, resources, err);
}

/* --- resource limits of the process --- */

static int parse_limit(const char *text, uint64_t *ret, struct error *err)
{
	if (streq(text, "-1") || streq(text, "unlimited")) {
		*ret = RLIM_INFINITY;
		return 0;
	}
	return parse_u64(text, UINT64_MAX, ret, err);
}

/* "nofile" as RLIMIT_NOFILE's number. */
static int parse_resource(const char *name, struct error *err)
{
	_cleanup_free_ char *official = mem_printf("RLIMIT_%s", name);
	for (char *c = official; *c; c++)
		*c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
	return rlimit_from_name(official, err);
}

static int parse_ulimit(const char *text, struct spec_rlimit *ret, struct error *err)
{
	const char *equals = strchr(text, '=');
	if (!equals)
		return err_set(err, ERR_INVALID, "it is NAME=SOFT[:HARD]");
	_cleanup_free_ char *name = mem_strndup(text, (size_t)(equals - text));
	_cleanup_free_ char *soft = mem_strndup(equals + 1, strcspn(equals + 1, ":"));
	const char *hard = strchr(equals + 1, ':');
	int resource = parse_resource(name, err);
	if (resource < 0)
		return resource;
	ret->resource = resource;
	int r = parse_limit(soft, &ret->soft, err);
	if (r < 0)
		return r;
	ret->hard = ret->soft;
	return hard ? parse_limit(hard + 1, &ret->hard, err) : 0;
}

static bool may_raise_limits(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	return data[0].effective & (uint32_t)capability_bit(CAP_SYS_RESOURCE);
}

/* The runtime would refuse it as well, but without the name of the flag, and once everything else is made. */
static int check_ulimit(const struct spec_rlimit *limit, struct error *err)
{
	struct rlimit current;
	if (limit->soft > limit->hard)
		return err_set(err, ERR_INVALID, "the soft limit is above the hard limit");
	if (getrlimit((__rlimit_resource_t)limit->resource, &current) < 0 || limit->hard <= current.rlim_max ||
	    may_raise_limits())
		return 0;
	err_set(err, ERR_PERMISSION, "the hard limit cannot be raised");
	err_cause(err, "it is %" PRIu64 " here, and raising it needs CAP_SYS_RESOURCE", (uint64_t)current.rlim_max);
	return -ERR_PERMISSION;
}

int ulimits_add(char *const *ulimits, struct json_object *process, struct error *err)
{
	struct json_object *array = strv_count(ulimits) > 0 ? json_add_array(process, "rlimits") : NULL;
	for (; ulimits && *ulimits; ulimits++) {
		struct spec_rlimit limit = { 0 };
		int r = parse_ulimit(*ulimits, &limit, err);
		if (r >= 0)
			r = check_ulimit(&limit, err);
		if (r < 0)
			return err_wrap(err, "--ulimit %s", *ulimits);
		struct json_object *element = json_object_new_object();
		json_add_string(element, "type", rlimit_name(limit.resource));
		json_object_object_add(element, "soft", json_object_new_uint64(limit.soft));
		json_object_object_add(element, "hard", json_object_new_uint64(limit.hard));
		json_object_array_add(array, element);
	}
	return 0;
}

static int64_t described(uint64_t limit)
{
	return limit > INT64_MAX ? -1 : (int64_t)limit;
}

void ulimits_describe(char *const *ulimits, struct json_object *array)
{
	for (; ulimits && *ulimits; ulimits++) {
		struct spec_rlimit limit = { 0 };
		if (parse_ulimit(*ulimits, &limit, NULL) < 0)
			continue;
		_cleanup_free_ char *name = mem_strndup(*ulimits, strcspn(*ulimits, "="));
		struct json_object *element = json_object_new_object();
		json_add_string(element, "Name", name);
		json_add_i64(element, "Hard", described(limit.hard));
		json_add_i64(element, "Soft", described(limit.soft));
		json_object_array_add(array, element);
	}
}
