/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/scheduling.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/str.h"
#include "base/util.h"

/* sched_setattr()'s argument in its first version; <linux/sched/types.h> cannot be included beside glibc's <sched.h>. */
struct scheduler_attributes {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

enum { SCHED_ISO = 4 }; /* reserved, and of no kernel so far */

struct word {
	const char *name;
	uint64_t value;
};

static const struct word POLICIES[] = {
	{ "SCHED_OTHER", SCHED_NORMAL },      { "SCHED_FIFO", SCHED_FIFO }, { "SCHED_RR", SCHED_RR },
	{ "SCHED_BATCH", SCHED_BATCH },	      { "SCHED_ISO", SCHED_ISO },   { "SCHED_IDLE", SCHED_IDLE },
	{ "SCHED_DEADLINE", SCHED_DEADLINE },
};

static const struct word FLAGS[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK },
	{ "SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM },
	{ "SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN },
	{ "SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY },
	{ "SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS },
	{ "SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX },
};

static const struct word IO_CLASSES[] = {
	{ "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT },
	{ "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
	{ "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE },
};

static const struct word *find(const struct word *words, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (streq(words[i].name, name))
			return &words[i];
	return NULL;
}

bool scheduler_policy_from_name(const char *name, uint32_t *ret)
{
	const struct word *word = find(POLICIES, ARRAY_SIZE(POLICIES), name);
	if (word)
		*ret = (uint32_t)word->value;
	return word != NULL;
}

bool scheduler_flag_from_name(const char *name, uint64_t *ret)
{
	const struct word *word = find(FLAGS, ARRAY_SIZE(FLAGS), name);
	if (word)
		*ret = word->value;
	return word != NULL;
}

bool io_priority_class_from_name(const char *name, int *ret)
{
	const struct word *word = find(IO_CLASSES, ARRAY_SIZE(IO_CLASSES), name);
	if (word)
		*ret = (int)word->value;
	return word != NULL;
}

static const char *policy_name(uint32_t policy)
{
	for (size_t i = 0; i < ARRAY_SIZE(POLICIES); i++)
		if (POLICIES[i].value == policy)
			return POLICIES[i].name;
	return "?";
}

static int scheduler_failed(const struct spec_scheduler *scheduler, int error, struct error *err)
{
	int r = err_sys(err, error, "set the scheduling policy %s", policy_name(scheduler->policy));
	if (scheduler->policy == SCHED_ISO)
		return err_cause(err, "Linux has the name, but not the policy");
	if (error == EPERM && scheduler->policy == SCHED_DEADLINE)
		return err_cause(err, "it needs CAP_SYS_NICE, and a process that may run on every processor");
	if (error == EBUSY)
		return err_cause(err, "the processors have not that much time left for SCHED_DEADLINE");
	return r;
}

static int set_scheduler(const struct spec_scheduler *scheduler, pid_t pid, struct error *err)
{
	struct scheduler_attributes attributes = {
		.size = sizeof attributes,
		.policy = scheduler->policy,
		.flags = scheduler->flags,
		.nice = scheduler->nice,
		.priority = scheduler->priority,
		.runtime = scheduler->runtime_ns,
		.deadline = scheduler->deadline_ns,
		.period = scheduler->period_ns,
	};
	return syscall(SYS_sched_setattr, pid, &attributes, 0) < 0 ? scheduler_failed(scheduler, errno, err) : 0;
}

static int set_io_priority(const struct spec_io_priority *priority, pid_t pid, struct error *err)
{
	int value = IOPRIO_PRIO_VALUE(priority->class, priority->level);
	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid, value) < 0)
		return err_sys(err, errno, "set the I/O priority");
	return 0;
}

int scheduling_apply(const struct spec_process *process, pid_t pid, struct error *err)
{
	int r = process->io_priority ? set_io_priority(process->io_priority, pid, err) : 0;
	return r == 0 && process->scheduler ? set_scheduler(process->scheduler, pid, err) : r;
}

int scheduling_bind(const struct number_set *cpus, struct error *err)
{
	struct number_set all;
	memset(&all, 0xff, sizeof all);
	if (syscall(SYS_sched_setaffinity, 0, sizeof all, cpus ? cpus : &all) < 0)
		return err_sys(err, errno, "bind the process to the processors of \"execCPUAffinity\"");
	return 0;
}
